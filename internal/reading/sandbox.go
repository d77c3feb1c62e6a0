package reading

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"holdfast/internal/isms"
)

// Limits of the child process that reads foreign files.
const (
	WorkerCommand = "read-worker"    // hidden command that runs Work
	wallLimit     = 30 * time.Second // from start to answer
	cpuLimit      = 25               // seconds of processor time
	heapLimit     = "768MiB"         // GOMEMLIMIT
	spaceLimit    = 4 << 30          // bytes of address space
	answerLimit   = 128 << 20        // bytes of answer
)

// request is what the parent hands over on standard input before the file: one
// line of JSON.
type request struct {
	Name     string        `json:"name"`
	Language isms.Language `json:"language"`
	MaxBytes int64         `json:"max_bytes"`
	CacheDir string        `json:"cache_dir"`
}

// answer is what the child prints.
type answer struct {
	Reading *Reading `json:"reading,omitempty"`
	Error   *problem `json:"error,omitempty"`
}

type problem struct {
	Kind   isms.Kind         `json:"kind"`
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
	Cause  string            `json:"cause,omitempty"`
}

// ReadAny reads text here and every foreign format in a child of this program, which must answer
// to WorkerCommand as cmd/holdfast does. It is what doors call.
func ReadAny(ctx context.Context, name string, data []byte, opt Options) (*Reading, error) {
	if !Foreign(name, data) {
		return Read(ctx, name, data, opt)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if cache, err := os.UserCacheDir(); err == nil && opt.CacheDir == "" {
		opt.CacheDir = filepath.Join(cache, "holdfast", "pdfium") // without one, PDFs only take longer
	}
	return ReadSandboxed(ctx, self, name, data, opt)
}

// ReadSandboxed reads a file in a child process: executable started with
// WorkerCommand, the file on its standard input, limited in memory, processor
// time and time on the clock. Besides Read's errors it returns, of kind Invalid,
// reading.too_slow and reading.too_demanding when the child met a limit.
func ReadSandboxed(ctx context.Context, executable, name string, data []byte, opt Options) (*Reading, error) {
	most := opt.MaxBytes
	if most == 0 {
		most = DefaultMaxBytes
	}
	if int64(len(data)) > most {
		return nil, tooLarge(name)
	}
	head, err := json.Marshal(request{Name: name, Language: opt.Language, MaxBytes: most, CacheDir: opt.CacheDir})
	if err != nil {
		return nil, fmt.Errorf("write request for %s: %w", name, err)
	}
	ctx, stop := context.WithTimeout(ctx, wallLimit)
	defer stop()
	cmd := exec.CommandContext(ctx, executable, WorkerCommand)
	cmd.Env = []string{"GOMEMLIMIT=" + heapLimit, "GOTRACEBACK=none"}
	cmd.Stdin = io.MultiReader(bytes.NewReader(append(head, '\n')), bytes.NewReader(data))
	out, complaint := &limited{most: answerLimit}, &limited{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.WaitDelay = time.Second
	confineChild(cmd)
	runErr := cmd.Run()
	if ctx.Err() != nil {
		return nil, isms.Errorf(isms.Invalid, "reading.too_slow", "file", name).Because(ctx.Err())
	}
	var a answer
	if err := json.Unmarshal(out.b.Bytes(), &a); err != nil || a.Reading == nil && a.Error == nil {
		cause := errors.Join(runErr, errors.New(complaint.b.String()))
		var exit *exec.ExitError
		if runErr != nil && !errors.As(runErr, &exit) {
			return nil, isms.Errorf(isms.Internal, "reading.worker", "file", name).Because(cause)
		}
		return nil, isms.Errorf(isms.Invalid, "reading.too_demanding", "file", name).Because(cause)
	}
	if p := a.Error; p != nil {
		e := isms.Errorf(p.Kind, p.Code).Because(errors.New(p.Cause))
		e.Params = p.Params
		return nil, e
	}
	return a.Reading, nil
}

// Work is the child's side of ReadSandboxed: it limits itself, reads one request
// from in and prints one answer to out. The error it returns is for the exit code.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	if err := confineSelf(); err != nil {
		return fmt.Errorf("limit the reader: %w", err)
	}
	head, rest, err := requestFrom(in)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(rest, head.MaxBytes+1))
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	var a answer
	a.Reading, err = Read(ctx, head.Name, data, Options{Language: head.Language, MaxBytes: head.MaxBytes, CacheDir: head.CacheDir})
	if err != nil {
		p := problem{Kind: isms.KindOf(err), Code: isms.CodeOf(err), Cause: err.Error()}
		var e *isms.Error
		if errors.As(err, &e) {
			p.Params = e.Params
		} else {
			p.Code = "reading.failed"
		}
		a = answer{Error: &p}
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(a)
}

// requestFrom reads the line of JSON that comes before the file.
func requestFrom(in io.Reader) (request, io.Reader, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < 64<<10 {
		if _, err := io.ReadFull(in, one); err != nil {
			return request{}, nil, fmt.Errorf("read the request: %w", err)
		}
		if one[0] == '\n' {
			var r request
			if err := json.Unmarshal(line, &r); err != nil {
				return r, nil, fmt.Errorf("read the request: %w", err)
			}
			return r, in, nil
		}
		line = append(line, one[0])
	}
	return request{}, nil, errors.New("the request has no end")
}

// limited keeps the first most bytes and refuses more.
type limited struct {
	b    bytes.Buffer
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > l.most {
		return 0, errors.New("too much output")
	}
	return l.b.Write(p)
}
