// Command holdfast runs a company's information security management system and proves it:
// what it promises, and whether it holds.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // civil days must not depend on the machine's zone files
)

// cli is every command with its help. Exit codes: 0 done, 1 not done or not good, 2 could not look.
type cli struct {
	Up         upCmd         `cmd:"" help:"Start Holdfast. Nothing needs to be set."`
	Org        orgCmd        `cmd:"" help:"Organisations of this installation."`
	User       userCmd       `cmd:"" help:"Accounts of this installation."`
	Token      tokenCmd      `cmd:"" help:"Tokens of the API."`
	Policy     policyCmd     `cmd:"" help:"Read policies."`
	Catalogue  catalogueCmd  `cmd:"" help:"The controls that Holdfast brings."`
	ReadWorker readWorkerCmd `cmd:"" hidden:""`
	Backup     backupCmd     `cmd:"" help:"Back up a running or stopped installation into a directory."`
	Restore    restoreCmd    `cmd:"" help:"Restore a backup to an empty place and prove it."`
	Verify     verifyCmd     `cmd:"" help:"Verify an installation, a bundle, or what a log publishes, completely."`
	Key        keyCmd        `cmd:"" help:"The master key of this installation."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
