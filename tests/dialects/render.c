/* Prints a built-in dialect as the library understands it, every key with its value; without an
 * argument, the names of all. The snapshots in this folder are its output. */
#include "proofkey.h"

#include <stdio.h>

static int print_names(void)
{
	for (size_t i = 0; pk_dialect_name(i); i++)
		puts(pk_dialect_name(i));
	return 0;
}

int main(int argc, char **argv)
{
	static char memory[65536];
	static struct pk_dialect dialect;
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct pk_why why = {0};

	if (argc < 2)
		return print_names();
	if (pk_dialect_parse(pk_str(argv[1]), pk_str(pk_dialect_text(argv[1])), &dialect, &why) !=
	    PK_OK) {
		fprintf(stderr, "%s:%u: %s\n", argv[1], why.line, why.detail);
		return 1;
	}
	pk_dialect_write(&dialect, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	return out.overflow;
}
