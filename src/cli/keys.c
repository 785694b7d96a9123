/*
 * `proofkey keys`: the file of keys that cookies and tokens are sealed with. A file that exists is
 * never touched: whoever overwrites the keys loses every session and every token in the vault.
 */
#include "cli/cli.h"
#include "cli/answer.h"
#include "vault/keyring.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char command[] = "proofkey keys";

/* clang-format off */
static const char help[] =
	"usage: proofkey keys new FILE\n"
	"\n"
	"Makes FILE, a key ring with one fresh key, readable by its owner alone (mode 0600).\n"
	"A FILE that exists is left as it is: without its keys, sessions and tokens are lost.\n"
	"\n"
	"  --help             this text\n"
	"\n"
	"example:\n"
	"  proofkey keys new /etc/proofkey/keys\n"
	"\n"
	"Exit status: 0, 1 when the file could not be made, 2 for wrong usage.\n";
/* clang-format on */

int keys_main(int argc, char **argv)
{
	static const struct option known[] = {{"help", no_argument, NULL, 'h'}, {0}};
	char error[512];
	const int got = getopt_long(argc, argv, ":", known, NULL);

	if (got == 'h') {
		fputs(help, stdout);
		return answer_end(command, ANSWER_YES);
	}
	if (got != -1)
		return answer_option(command, got, argv);
	if (argc - optind < 1 || strcmp(argv[optind], "new") != 0)
		return answer_usage(command, "it is `proofkey keys new FILE`");
	if (argc - optind != 2)
		return answer_usage(command, "new takes one file");
	if (!keyring_create(argv[optind + 1], error, sizeof(error)))
		return answer_failed(command, "%s", error);
	return ANSWER_YES;
}
