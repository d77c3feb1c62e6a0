package main

// acts lists every command that can act inside a running server.
func acts() []act {
	return []act{&orgCreateCmd{}, &orgListCmd{}, &backupCmd{}, &keyRecoveryCmd{}, &keyRotateCmd{}, &verifyCmd{},
		&userCreateCmd{}, &userResetCmd{}, &userListCmd{}, &userLeaveCmd{}, &tokenCreateCmd{}, &tokenRevokeCmd{}, &tokenListCmd{}}
}
