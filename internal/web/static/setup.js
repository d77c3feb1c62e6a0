// Moves the set-up token from the fragment of the printed link into the form, so
// that nobody has to type it. The fragment never reaches the server by itself.
// Without script the token is typed.
"use strict";
(() => {
  const field = document.getElementById("token");
  const match = /^#token=([A-Za-z0-9-]{8,64})$/.exec(location.hash);
  if (!field || !match) return;
  field.value = match[1];
  history.replaceState(null, "", location.pathname + location.search);
  const next = document.querySelector("input:not([type=hidden]):not(#token)");
  if (next) next.focus();
})();
