/*
 * `proofkey pkce`: makes a pair of verifier and challenge (RFC 7636 4.1, 4.2), or the challenge of
 * a verifier that exists. The verifier is the result and stands on stdout; everywhere else it is a
 * secret: it is in no message, and it is wiped from where it was read.
 */
#include "cli/cli.h"
#include "cli/answer.h"
#include "cli/pkce_verify.h"
#include "base/text.h"
#include "proofkey_unsafe.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char command[] = "proofkey pkce";

/* clang-format off */
static const char help[] =
	"usage: proofkey pkce [--verifier V] [--encoding base64url|hex]\n"
	"                     [--method S256|plain] [--json]\n"
	"       proofkey pkce verify --verifier V --challenge C [--encoding E] [--json]\n"
	"\n"
	"Makes a fresh pair of code verifier and code challenge, or the challenge of V;\n"
	"verify says which transform of V gives the challenge C, and what to change.\n"
	"\n"
	"  --verifier V       the challenge of this verifier: 43 to 128 characters of\n"
	"                     A-Z a-z 0-9 - . _ ~ ; with - it is read from standard input, where\n"
	"                     no list of processes and no shell history shows it\n"
	"  --encoding E       how the challenge writes the SHA-256: base64url (RFC 7636, the\n"
	"                     default) or hex, which some providers want: see\n"
	"                     `proofkey provider list`\n"
	"  --method M         S256 (the default), or plain, which protects nobody\n"
	"  --challenge C      with verify: the challenge that V is held against\n"
	"  --json             one JSON object\n"
	"  --help             this text\n"
	"\n"
	"example: the challenge of the verifier in a file\n"
	"  proofkey pkce --verifier - < verifier.txt\n"
	"\n"
	"Exit status: 0, 1 for a verifier that RFC 7636 does not allow, 2 for wrong usage.\n";
/* clang-format on */

struct pair {
	struct pk_verifier verifier;
	struct pk_challenge challenge;
};

struct options {
	char *verifier; /* "-": standard input; NULL: a fresh one */
	enum pk_challenge_encoding encoding;
	bool plain;
	bool json;
};

static const char *const encoding_names[] = {
	[PK_CHALLENGE_BASE64URL] = "base64url",
	[PK_CHALLENGE_HEX] = "hex",
};

/* A verifier of the longest kind, a line end (CR LF) and one byte that tells that more follows. */
#define INPUT_MAX (PK_VERIFIER_MAX + 3)

/* Reads a verifier and leaves out one line end, as editors and `echo` add it. Nothing else is
 * trimmed: a space that is in the file is in what the program reads from it, too. */
static int read_verifier(struct pk_verifier *ret)
{
	char memory[INPUT_MAX];
	size_t len = 0;
	ssize_t got;
	struct pk_why why = {0};

	do {
		got = read(STDIN_FILENO, memory + len, sizeof(memory) - len);
		len += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && len < sizeof(memory)) || (got < 0 && errno == EINTR));
	if (got < 0) {
		const int problem = errno;

		sodium_memzero(memory, sizeof(memory));
		return answer_failed(command, "standard input: %s", strerror(problem));
	}

	struct pk_str text = {memory, len};

	if (pk_str_ends(text, PK_STR("\n")))
		text.len--;
	if (text.len < len && pk_str_ends(text, PK_STR("\r")))
		text.len--;

	const enum pk_err err = pk_verifier_take(text, ret, &why);

	sodium_memzero(memory, sizeof(memory));
	return err == PK_OK ? ANSWER_YES : answer_refused(command, err, &why);
}

/* Takes the verifier from the command line, and out of it, so that a list of processes shows it no
 * longer than it must. */
static int take_verifier(char *argument, struct pk_verifier *ret)
{
	struct pk_why why = {0};
	const enum pk_err err = pk_verifier_take(pk_str(argument), ret, &why);

	sodium_memzero(argument, strlen(argument));
	return err == PK_OK ? ANSWER_YES : answer_refused(command, err, &why);
}

static int make_verifier(struct pk_verifier *ret)
{
	uint8_t entropy[PK_ENTROPY_MIN];

	randombytes_buf(entropy, sizeof(entropy));

	const enum pk_err err = pk_verifier_make(entropy, sizeof(entropy), ret);

	sodium_memzero(entropy, sizeof(entropy));
	return err == PK_OK ? ANSWER_YES : answer_failed(command, "%s", pk_err_info(err)->sentence);
}

static void make_challenge(const struct options *options, struct pair *pair)
{
	if (!options->plain) {
		pk_challenge_make(&pair->verifier, options->encoding, &pair->challenge);
		return;
	}
	fprintf(stderr,
		"%s: warning: with plain the challenge is the verifier itself: whoever sees the "
		"authorize URL, in a log, a referrer or a history, can redeem the code "
		"(RFC 9700 2.1.1); use S256 wherever the provider takes it\n",
		command);
	pk_unsafe_challenge_plain(&pair->verifier, &pair->challenge);
}

static int print_pair(const struct options *options, const struct pair *pair)
{
	const struct pk_str verifier = pk_verifier_str(&pair->verifier);
	const struct pk_str challenge = pk_challenge_str(&pair->challenge);
	const char *const method = options->plain ? "plain" : "S256";

	if (options->json)
		/* plain encodes nothing, so it has no encoding */
		return answer_json(
			command,
			json_pack("{s:o, s:o, s:s, s:s?}", "verifier", answer_json_text(verifier),
				  "challenge", answer_json_text(challenge), "method", method,
				  "encoding",
				  options->plain ? NULL : encoding_names[options->encoding]),
			ANSWER_YES);
	printf("verifier  %.*s\nchallenge %.*s\nmethod    %s\n", PK_ARG(verifier),
	       PK_ARG(challenge), method);
	return answer_end(command, ANSWER_YES);
}

static bool take_encoding(const char *text, struct options *options)
{
	for (size_t i = 0; i < sizeof(encoding_names) / sizeof(encoding_names[0]); i++) {
		if (strcmp(text, encoding_names[i]) == 0) {
			options->encoding = (enum pk_challenge_encoding)i;
			return true;
		}
	}
	return false;
}

static bool take_method(const char *text, struct options *options)
{
	options->plain = strcmp(text, "plain") == 0;
	return options->plain || strcmp(text, "S256") == 0;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct options *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		{"verifier", required_argument, NULL, 'v'},
		{"encoding", required_argument, NULL, 'e'},
		{"method",   required_argument, NULL, 'm'},
		{"json",     no_argument,       NULL, 'j'},
		{"help",     no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got;

	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (got) {
		case 'v':
			ret->verifier = optarg;
			break;
		case 'e':
			if (!take_encoding(optarg, ret))
				return answer_usage(command,
						    "--encoding is base64url or hex, not \"%s\"",
						    optarg);
			break;
		case 'm':
			if (!take_method(optarg, ret))
				return answer_usage(
					command, "--method is S256 or plain, not \"%s\"", optarg);
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
	if (optind < argc)
		return answer_usage(command,
				    "it takes options only; the verifier follows --verifier");
	if (ret->plain && ret->encoding == PK_CHALLENGE_HEX)
		return answer_usage(command,
				    "plain hashes nothing, so there is nothing to write in hex");
	return -1;
}

int pkce_main(int argc, char **argv)
{
	struct options options = {0};
	struct pair pair = {0};
	int status;

	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return pkce_verify(argc - 1, argv + 1);
	status = read_options(argc, argv, &options);
	if (status >= 0)
		return status;
	if (!options.verifier)
		status = make_verifier(&pair.verifier);
	else if (strcmp(options.verifier, "-") == 0)
		status = read_verifier(&pair.verifier);
	else
		status = take_verifier(options.verifier, &pair.verifier);
	if (status == ANSWER_YES) {
		make_challenge(&options, &pair);
		status = print_pair(&options, &pair);
	}
	sodium_memzero(&pair, sizeof(pair));
	return status;
}
