// Speaks WebAuthn for the forms marked with data-passkey="create" or "get". The
// server puts its options (JSON, Web Authentication Level 3) into data-options;
// the answer goes back as JSON in the form's field "credential". A page without
// script has no passkeys; it offers the password instead.
"use strict";
(() => {
  const decode = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const encode = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const withBytes = (list) => (list || []).map((c) => ({ ...c, id: decode(c.id) }));

  const create = async (o) => {
    const c = await navigator.credentials.create({
      publicKey: { ...o, challenge: decode(o.challenge), user: { ...o.user, id: decode(o.user.id) }, excludeCredentials: withBytes(o.excludeCredentials) },
    });
    return {
      id: c.id, rawId: encode(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(),
      response: {
        clientDataJSON: encode(c.response.clientDataJSON), attestationObject: encode(c.response.attestationObject),
        transports: c.response.getTransports ? c.response.getTransports() : [],
      },
    };
  };
  const get = async (o) => {
    const c = await navigator.credentials.get({ publicKey: { ...o, challenge: decode(o.challenge), allowCredentials: withBytes(o.allowCredentials) } });
    const r = c.response;
    return {
      id: c.id, rawId: encode(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(),
      response: {
        clientDataJSON: encode(r.clientDataJSON), authenticatorData: encode(r.authenticatorData), signature: encode(r.signature),
        userHandle: r.userHandle ? encode(r.userHandle) : null,
      },
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      const problem = form.querySelector("[data-problem]");
      problem.hidden = true;
      try {
        const options = JSON.parse(form.dataset.options);
        const answer = form.dataset.passkey === "create" ? await create(options.publicKey || options) : await get(options.publicKey || options);
        form.elements.credential.value = JSON.stringify(answer);
        form.submit();
      } catch (e) {
        problem.hidden = false; // the person closed the dialog, or the device has no such passkey
      }
    });
  }
})();
