module holdfast-verify

go 1.26
