/*
 * `proofkey provider`: looks at dialects and at what they ask for. All parts share one set of
 * options; the table says what each takes.
 */
#include "cli/provider.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "io/dialect_file.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char command[] = "proofkey provider";

/* clang-format off */
static const char help[] =
	"usage: proofkey provider list\n"
	"       proofkey provider show NAME\n"
	"       proofkey provider lint FILE\n"
	"       proofkey provider check NAME --redirect-uri URI [--redirect-uri URI]...\n"
	"\n"
	"A dialect is what a provider speaks: its endpoints, names, encodings, rules and errors.\n"
	"\n"
	"  list               every dialect, and what it wants of a client\n"
	"  show               a dialect with all its keys, as a file that can be changed and used\n"
	"  lint               what is wrong with a dialect file, one FILE:LINE: a finding\n"
	"  check              every rule of the provider that a redirect URI breaks\n"
	"\n"
	"  --redirect-uri URI the URI, as it is to be registered; give all that one client has\n"
	"  --providers DIR    dialects in DIR (NAME.conf) go before the built-in ones; without\n"
	"                     this option, those in the directory $PROOFKEY_PROVIDERS\n"
	"  --json             one JSON value\n"
	"  --help             this text\n"
	"\n"
	"example: a dialect of one's own\n"
	"  proofkey provider show rfc7636 > dialects/acme.conf\n"
	"  proofkey provider lint dialects/acme.conf\n"
	"  proofkey provider check acme --providers dialects --redirect-uri https://a.example/cb\n"
	"\n"
	"Exit status: 0, 1 when something is wrong with what was looked at, 2 for wrong usage.\n";
/* clang-format on */

/* clang-format off */
static const struct part {
	const char *name;
	const char *operand; /* what it takes, or NULL */
	bool takes_uris;
	int (*run)(const struct provider_options *);
} parts[] = {
	{"list",  NULL,   false, provider_list },
	{"show",  "NAME", false, provider_show },
	{"lint",  "FILE", false, provider_lint },
	{"check", "NAME", true,  provider_check},
};
/* clang-format on */

static const struct part *find_part(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(name, parts[i].name) == 0)
			return &parts[i];
	return NULL;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct provider_options *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		{"redirect-uri", required_argument, NULL, 'r'},
		{"providers",    required_argument, NULL, 'p'},
		{"json",         no_argument,       NULL, 'j'},
		{"help",         no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got;

	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (got) {
		case 'r':
			if (ret->uri_count == PROVIDER_URIS_MAX)
				return answer_usage(command, "at most %d redirect URIs",
						    PROVIDER_URIS_MAX);
			ret->uri[ret->uri_count++] = pk_str(optarg);
			break;
		case 'p':
			ret->directory = optarg;
			break;
		case 'j':
			ret->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return answer_end(command, ANSWER_YES);
		default:
			return answer_option(command, got, argv);
		}
	}
	return -1;
}

int provider_main(int argc, char **argv)
{
	struct provider_options options = {.command = command};
	const int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (optind == argc)
		return answer_usage(command, "it is one of list, show, lint, check");

	const struct part *part = find_part(argv[optind++]);

	if (!part)
		return answer_usage(command,
				    "there is no \"%s\"; it is one of list, show, lint, check",
				    argv[optind - 1]);
	if (argc - optind != (part->operand ? 1 : 0))
		return answer_usage(command, "%s takes %s", part->name,
				    part->operand ? part->operand : "no name");
	if (options.uri_count && !part->takes_uris)
		return answer_usage(command, "--redirect-uri is for check");
	options.operand = argv[optind];
	if (!options.directory)
		options.directory = dialect_directory();
	return part->run(&options);
}
