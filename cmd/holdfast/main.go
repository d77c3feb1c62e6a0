// Command holdfast runs a company's information security management system and proves it.
package main

func main() {}
