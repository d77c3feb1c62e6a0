package probe

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"holdfast/internal/isms"
	"holdfast/internal/wire"
)

func testKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("SAMPLE agent key"))
	return ed25519.NewKeyFromSeed(seed[:])
}

func testPublic() ed25519.PublicKey { return testKey().Public().(ed25519.PublicKey) }

// sampleObservation is what a look at host number i saw.
func sampleObservation(i int) Observation {
	o := Observation{Check: "host.clock", Digest: "sha256:" + strings.Repeat("0", 64), Exit: 0, Occurred: 1_793_000_000_000_000 + isms.Instant(i),
		Source: "chronyc -c tracking", Subject: Subject{Address: fmt.Sprint("host-", i), ID: isms.ID(fmt.Sprint("sub_", i)), Kind: Host}, Took: 1200}
	o.Facts.text("clock.service", "chrony")
	o.Facts.bool("clock.synchronised", true)
	o.Facts.decimal("clock.offset", "-0.000012", "s")
	o.Facts.int("clock.stratum", 3, "")
	o.Facts.sort()
	return o
}

func sampleBatch(t testing.TB, n int) *Batch {
	t.Helper()
	var all []Observation
	for i := range n {
		all = append(all, sampleObservation(i))
	}
	b, err := Seal(testKey(), wire.BatchHeader{Agent: "agt_sample", Epoch: 7, Sequence: 3, Made: 1_793_000_000_500_000}, all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABatchComesBackAsItWas(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, 100} {
		b := sampleBatch(t, n)
		raw := isms.Must(b.Encode())
		back, err := DecodeBatch(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Verify(testPublic()); err != nil {
			t.Fatal(err)
		}
		other := sha256.Sum256([]byte("somebody else"))
		if err := back.Verify(ed25519.NewKeyFromSeed(other[:]).Public().(ed25519.PublicKey)); isms.CodeOf(err) != "probe.batch_signature" {
			t.Errorf("another's signature passes: %v", err)
		}
		for i := range n {
			o, err := back.Observation(i)
			if err != nil || o.Subject != sampleObservation(i).Subject || len(o.Facts) != 4 {
				t.Fatalf("observation %d: %+v, %v", i, o, err)
			}
			p := isms.Must(back.Prove(i))
			if got, err := CheckProof(testPublic(), p); err != nil || got.Subject != o.Subject {
				t.Fatalf("proof %d of %d: %v", i, n, err)
			}
			p.Observation = strings.Replace(p.Observation, "chrony", "chromy", 1)
			if _, err := CheckProof(testPublic(), p); isms.CodeOf(err) != "probe.proof_wrong" {
				t.Fatalf("a changed observation is proven: %v", err)
			}
		}
	}
}

func TestAnyChangedByteOfABatchIsFound(t *testing.T) {
	raw := isms.Must(sampleBatch(t, 3).Encode())
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(raw)
		i := rapid.IntRange(0, len(raw)-1).Draw(t, "byte")
		changed[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		b, err := DecodeBatch(changed)
		if err == nil {
			err = b.Verify(testPublic())
		}
		if err == nil && !bytes.Equal(isms.Must(b.Encode()), raw) {
			t.Fatalf("byte %d was changed and nobody noticed", i)
		}
	})
}

func TestAProofOfOneObservationIsOfNoOther(t *testing.T) {
	b := sampleBatch(t, 20)
	rapid.Check(t, func(t *rapid.T) {
		p := isms.Must(b.Prove(rapid.IntRange(0, 19).Draw(t, "of")))
		switch rapid.IntRange(0, 4).Draw(t, "what") {
		case 0:
			p.Index = (p.Index + rapid.IntRange(1, 19).Draw(t, "by")) % 20
		case 1:
			p.Path = p.Path[:len(p.Path)-1]
		case 2:
			p.Salt = strings.Repeat("00", saltSize)
		case 3:
			p.Header.Sequence++
		default:
			p.Header.Count--
		}
		if _, err := CheckProof(testPublic(), p); err == nil {
			t.Fatalf("a wrong proof passes: %+v", p)
		}
	})
}

func TestObservationsAreCanonicalAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Observation{Check: rapid.String().Draw(t, "check"), Exit: rapid.IntRange(-1, 255).Draw(t, "exit"), Source: clip(rapid.String().Draw(t, "source"), 100),
			Subject: Subject{Address: rapid.String().Draw(t, "address"), Kind: Endpoint}, Took: rapid.Int64Range(0, 1<<50).Draw(t, "took")}
		for range rapid.IntRange(0, 4).Draw(t, "facts") {
			o.Facts.text(rapid.String().Draw(t, "name"), string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
			o.Facts.list("list", []string{rapid.String().Draw(t, "value")})
		}
		if rapid.Bool().Draw(t, "failed") {
			o.Error = couldNot(ErrTimeout, rapid.String().Draw(t, "what"), nil)
		}
		o.Facts.sort()
		plain := isms.Must(o.Canonical())
		v := jsontext.Value(bytes.Clone(plain))
		if err := v.Canonicalize(); err != nil || !bytes.Equal(v, plain) {
			t.Fatalf("not canonical (%v):\n%s\n%s", err, plain, v)
		}
		if _, err := parseObservation(plain); err != nil {
			t.Fatal(err)
		}
	})
	h := wire.BatchHeader{Agent: "a", Gaps: []wire.Gap{{Check: "c", Count: 1}}}
	v := jsontext.Value(isms.Must(headerLine(h)))
	plain := string(v)
	if err := v.Canonicalize(); err != nil || string(v) != plain {
		t.Fatalf("header is not canonical: %s", plain)
	}
}

// The vectors pin the format: who reads batches of today must be able to read them for ever.
func TestBatchVectors(t *testing.T) {
	var want struct {
		Seed    string          `json:"seed"`
		Batch   []byte          `json:"batch"`
		Root    string          `json:"root"`
		Proof   wire.BatchProof `json:"proof"`
		Comment string          `json:"comment"`
	}
	const file = "testdata/batch-v1.json"
	if os.Getenv("HOLDFAST_WRITE_VECTORS") != "" {
		b := &Batch{Header: wire.BatchHeader{Agent: "agt_sample", Epoch: 7, Sequence: 3, Made: 1_793_000_000_500_000}}
		for i := range 5 {
			it := item{json: isms.Must(sampleObservation(i).Canonical())}
			for k := range it.salt {
				it.salt[k] = byte(16*i + k)
			}
			b.items = append(b.items, it)
		}
		if err := b.seal(testKey()); err != nil {
			t.Fatal(err)
		}
		want.Comment = "SAMPLE batch of five observations; salts count up; the key's seed is SHA-256 of the words 'SAMPLE agent key'"
		want.Seed, want.Batch, want.Root = hex.EncodeToString(testKey().Seed()), isms.Must(b.Encode()), b.Header.Root
		want.Proof = isms.Must(b.Prove(4))
		out := isms.Must(json.Marshal(want, jsontext.Multiline(true)))
		if err := os.WriteFile(file, append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(isms.Must(os.ReadFile(file)), &want); err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(isms.Must(hex.DecodeString(want.Seed))).Public().(ed25519.PublicKey)
	b, err := DecodeBatch(want.Batch)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(key); err != nil || b.Header.Root != want.Root || b.Len() != 5 {
		t.Fatalf("%v, %+v", err, b.Header)
	}
	if o, err := CheckProof(key, want.Proof); err != nil || o.Subject.Address != "host-4" {
		t.Fatalf("%v, %+v", err, o)
	}
}

func TestBatchesThatInflateTooFarAreRefused(t *testing.T) {
	b := sampleBatch(t, 200)
	b.Header.Size = 100
	b.Signature = make([]byte, ed25519.SignatureSize)
	if _, err := DecodeBatch(isms.Must(b.Encode())); isms.CodeOf(err) != "probe.batch_malformed" {
		t.Fatalf("%v", err)
	}
	if _, err := Seal(testKey(), wire.BatchHeader{}, nil); err == nil {
		t.Fatal("an empty batch was sealed")
	}
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(isms.Must(sampleBatch(f, 2).Encode()))
	f.Add([]byte("{}\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := DecodeBatch(raw)
		if err != nil {
			return
		}
		for i := range b.Len() {
			if _, err := b.Prove(i); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Observation(i); err != nil && isms.KindOf(err) != isms.Invalid {
				t.Fatal(err)
			}
		}
	})
}

// One operation is a batch of 1,024 observations of four facts.
func BenchmarkSealAndEncode(b *testing.B) {
	var all []Observation
	for i := range 1024 {
		all = append(all, sampleObservation(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Seal(testKey(), wire.BatchHeader{Agent: "agt_sample", Sequence: 1}, all)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(isms.Must(s.Encode())))/1024, "B/observation")
	}
}

func BenchmarkDecodeAndVerify(b *testing.B) {
	raw := isms.Must(sampleBatch(b, 1024).Encode())
	b.ReportAllocs()
	for b.Loop() {
		d, err := DecodeBatch(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Verify(testPublic()); err != nil {
			b.Fatal(err)
		}
		for i := range d.Len() {
			if _, err := d.Observation(i); err != nil {
				b.Fatal(err)
			}
		}
	}
}
