"""A fuzzer: the tap as a program against random servers whose rows change, and a check that no row is lost."""
