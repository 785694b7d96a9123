/*
 * `proofkey pkce verify`: which transform of a verifier gives a challenge (RFC 7636 4.6). It says
 * yes for the right one alone, of a verifier that RFC 7636 allows; for the usual mistakes it says
 * which one was made. The verifier is a secret and never printed.
 */
#include "cli/pkce_verify.h"
#include "cli/answer.h"
#include "cli/input.h"
#include "base/encode.h"
#include "base/text.h"
#include "proofkey_explain.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char command[] = "proofkey pkce verify";

/* clang-format off */
static const char help[] =
	"usage: proofkey pkce verify --verifier V --challenge C [--encoding base64url|hex]\n"
	"                            [--json]\n"
	"\n"
	"Says which transform of the code verifier V gives the code challenge C.\n"
	"\n"
	"  --verifier V       the code verifier; with - it is read from standard input, where no\n"
	"                     list of processes and no shell history shows it\n"
	"  --challenge C      the code challenge\n"
	"  --encoding E       the right one: base64url (RFC 7636, the default) or hex\n"
	"  --json             one JSON object\n"
	"  --help             this text\n"
	"\n"
	"example: the pair of RFC 7636, Appendix B\n"
	"  proofkey pkce verify --verifier dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk \\\n"
	"      --challenge E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\n"
	"\n"
	"Exit status: 0 when the challenge is the right one of a valid verifier, 1 when not, 2\n"
	"for wrong usage.\n";
/* clang-format on */

#define VERIFIER_MAX 4096 /* also those that are wrong */

struct options {
	char *verifier;
	const char *challenge;
	bool hex;
	bool json;
};

/* What to say and do about a relation; `match` is the word that is printed for it. */
struct words {
	const char *match;
	const char *sentence;
};

/* clang-format off */
static const struct words words[PK_TRANSFORM__COUNT] = {
	[PK_TRANSFORM_NONE] = {"none",
		"No known transform of the verifier gives this challenge: they are from two logins, or one of them was altered."},
	[PK_TRANSFORM_BASE64URL] = {"base64url",
		"The challenge is the SHA-256 of the verifier as base64url, as RFC 7636 wants it."},
	[PK_TRANSFORM_HEX] = {"hex",
		"The challenge is the SHA-256 of the verifier as hex. Some providers want that (--encoding hex), the others base64url."},
	[PK_TRANSFORM_BASE64URL_OF_HEX] = {"base64url-of-hex",
		"The challenge is the base64url of the hex digits of the SHA-256. Encode the 32 bytes of the hash themselves."},
	[PK_TRANSFORM_BASE64] = {"base64",
		"The challenge is in the standard base64 alphabet. Write - for + and _ for /, and no = at the end."},
	[PK_TRANSFORM_BASE64URL_PADDED] = {"base64url-padded",
		"The challenge has padding. Strip the = at its end."},
	[PK_TRANSFORM_PLAIN] = {"plain",
		"The challenge is the verifier itself. Send its SHA-256, with code_challenge_method=S256."},
	[PK_TRANSFORM_RAW_BYTES] = {"raw-bytes",
		"The bytes that the verifier encodes were hashed. Hash its characters, as they are sent."},
	[PK_TRANSFORM_DOUBLE] = {"double",
		"The verifier was hashed twice. Hash it once."},
	[PK_TRANSFORM_SHA1] = {"sha1",
		"The verifier was hashed with SHA-1. Use SHA-256."},
	[PK_TRANSFORM_SHA512] = {"sha512",
		"The verifier was hashed with SHA-512. Use SHA-256."},
	[PK_TRANSFORM_MD5] = {"md5",
		"The verifier was hashed with MD5. Use SHA-256."},
	[PK_TRANSFORM_UTF16] = {"utf16",
		"The verifier was hashed as UTF-16. Hash its ASCII bytes."},
	[PK_TRANSFORM_WHITESPACE] = {"whitespace",
		"White space or a byte order mark sticks to one of the two. Trim it where it is stored or read."},
	[PK_TRANSFORM_PERCENT] = {"percent",
		"One of the two was percent-encoded or decoded once too often. Do it exactly once."},
	[PK_TRANSFORM_QUOTES] = {"none",
		"Quotes or other syntax of a language stick to the verifier. Use the bare text."},
	[PK_TRANSFORM_TRUNCATED] = {"none",
		"The challenge is that of the verifier's beginning: something cut it off before it was hashed."},
	[PK_TRANSFORM_TEXT] = {"none",
		"The hash was taken for text before it was encoded. Encode its 32 bytes."},
};
/* clang-format on */

/* The part of a relation that its word is for. */
static const struct words *words_of(const struct pk_relation *relation)
{
	return &words[!relation->found      ? PK_TRANSFORM_NONE
		      : relation->verifier  ? relation->verifier
		      : relation->challenge ? relation->challenge
		      : relation->hash      ? relation->hash
					    : relation->encoding];
}

static bool is_lower_hex(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr("0123456789abcdef", text.ptr[i], 16))
			return false;
	return true;
}

/* Whether it has the form of the right one, be it that of this verifier or not. */
static bool is_challenge(struct pk_str text, bool hex)
{
	uint8_t digest[32];
	size_t size;

	if (hex)
		return text.len == 64 && is_lower_hex(text);
	return pk_base64url_decode(text, digest, sizeof(digest), &size) && size == sizeof(digest);
}

static bool is_right(const struct pk_relation *relation, bool hex)
{
	return relation->found && !relation->verifier && !relation->challenge && !relation->hash &&
	       relation->encoding == (hex ? PK_TRANSFORM_HEX : PK_TRANSFORM_BASE64URL) &&
	       !relation->upper_case;
}

static void print_side(const char *name, struct pk_str text, bool valid)
{
	printf("%-9s %zu characters, %s\n", name, text.len, valid ? "valid" : "not valid");
}

static void print_sentence(const struct options *options, const struct pk_relation *relation)
{
	puts(words_of(relation)->sentence);
	if (relation->upper_case)
		puts("The hex digits are in upper case; write them in lower case.");
	if (options->hex && relation->found && relation->encoding == PK_TRANSFORM_BASE64URL)
		puts("With --encoding hex the right one is 64 lower-case hex digits.");
}

static int print_answer(const struct options *options, struct pk_str verifier)
{
	const struct pk_str challenge = pk_str(options->challenge);
	const struct pk_relation relation = pk_relate(verifier, challenge);
	const bool challenge_valid = is_challenge(challenge, options->hex);
	struct pk_verifier taken;
	struct pk_why why = {0};
	const bool verifier_valid = pk_verifier_take(verifier, &taken, &why) == PK_OK;
	const bool valid = verifier_valid && is_right(&relation, options->hex);
	const int status = valid ? ANSWER_YES : ANSWER_NO;

	pk_verifier_wipe(&taken);
	if (options->json)
		return answer_json(command,
				   json_pack("{s:s, s:b, s:{s:I, s:b}, s:{s:I, s:b}}", "match",
					     words_of(&relation)->match, "valid", valid, "verifier",
					     "length", (json_int_t)verifier.len, "valid",
					     verifier_valid, "challenge", "length",
					     (json_int_t)challenge.len, "valid", challenge_valid),
				   status);
	printf("match     %s\n", words_of(&relation)->match);
	print_side("verifier", verifier, verifier_valid);
	print_side("challenge", challenge, challenge_valid);
	print_sentence(options, &relation);
	if (!verifier_valid)
		printf("The verifier is not one by RFC 7636 4.1: %s.\n", why.detail);
	return answer_end(command, status);
}

static bool take_encoding(const char *text, struct options *options)
{
	options->hex = strcmp(text, "hex") == 0;
	return options->hex || strcmp(text, "base64url") == 0;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct options *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		{"verifier",  required_argument, NULL, 'v'},
		{"challenge", required_argument, NULL, 'c'},
		{"encoding",  required_argument, NULL, 'e'},
		{"json",      no_argument,       NULL, 'j'},
		{"help",      no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got;

	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (got) {
		case 'v':
			ret->verifier = optarg;
			break;
		case 'c':
			ret->challenge = optarg;
			break;
		case 'e':
			if (!take_encoding(optarg, ret))
				return answer_usage(command,
						    "--encoding is base64url or hex, not \"%s\"",
						    optarg);
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
	if (optind < argc || !ret->verifier || !ret->challenge)
		return answer_usage(command, "it takes --verifier V and --challenge C");
	return -1;
}

int pkce_verify(int argc, char **argv)
{
	struct options options = {0};
	struct input input = {0};
	char error[512];
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (strcmp(options.verifier, "-") == 0) {
		if (!input_read("-", VERIFIER_MAX, &input, error, sizeof(error)))
			return answer_failed(command, "%s", error);
		input.text = input_line(input.text);
	} else if (!input_take(options.verifier, &input)) {
		return answer_failed(command, "no memory");
	}
	status = print_answer(&options, input.text);
	input_free(&input);
	return status;
}
