// Package wire holds the shapes that leave this program: what agents send and what
// clients of the API read. They change by addition only.
//
// Words owned: the JSON shapes. Floor 0; imports isms only.
package wire
