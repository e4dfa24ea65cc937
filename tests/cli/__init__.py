"""The program as its users meet it: real processes, a real socket, exit codes, last lines."""
