/*
 * `proofkey explain`: puts together what a developer has at hand of a login that failed, and says
 * what it died of. The pieces hold codes, verifiers and secrets: they are read bounded, wiped at
 * the end, taken out of the command line, and shortened in what is printed.
 */
#include "cli/explain.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "base/text.h"
#include "proofkey_explain.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char command[] = "proofkey explain";

/* clang-format off */
static const char help[] =
	"usage: proofkey explain [FILE|-] [--provider NAME] [--json] [--show-secrets]\n"
	"                        [--authorize URL] [--callback URL]\n"
	"                        [--token-request 'curl ...'|FILE] [--reply JSON|FILE]\n"
	"                        [--verifier V] [--providers DIR]\n"
	"\n"
	"Says why a login failed: what is proved, what is likely, and what to change.\n"
	"\n"
	"  FILE               a HAR file of a browser, curl commands, raw HTTP messages, a URL,\n"
	"                     the JSON of an error, or a capture; - is standard input\n"
	"  --authorize URL    the URL to which the app sent the browser\n"
	"  --callback URL     the URL with which the browser came back\n"
	"  --token-request T  the request for the tokens: a curl command, or a FILE with one or\n"
	"                     with raw HTTP\n"
	"  --reply R          what the provider answered: JSON, or a FILE\n"
	"  --verifier V       the code verifier, where the token request is not at hand; with -\n"
	"                     it is read from standard input\n"
	"  --provider NAME    whose dialect it is; without it, hosts and paths tell\n"
	"  --providers DIR    dialects in DIR (NAME.conf) go before the built-in ones; without\n"
	"                     this option, those in the directory $PROOFKEY_PROVIDERS\n"
	"  --show-secrets     print codes, verifiers and secrets in full\n"
	"  --json             one JSON object\n"
	"  --help             this text\n"
	"\n"
	"example: the challenge and the verifier of one login\n"
	"  proofkey explain --provider NAME --authorize 'https://...' --verifier -\n"
	"\n"
	"Exit status: 0 when no fault was found, 1 when one was or the input cannot be read,\n"
	"2 for wrong usage.\n";
/* clang-format on */

/* A piece of a login that comes apart from the others, in the order in which they belong. */
/* clang-format off */
static const struct piece {
	const char *option;
	enum pk_event_kind kind;
	bool may_be_file;
} pieces[] = {
	{"authorize",     PK_EVENT_AUTHORIZE, false},
	{"callback",      PK_EVENT_CALLBACK,  false},
	{"token-request", PK_EVENT_TOKEN,     true },
	{"reply",         PK_EVENT_TOKEN,     true },
};
/* clang-format on */

#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

struct options {
	char *file;
	char *piece[PIECES];
	char *verifier;
	const char *provider;
	const char *directory;
	bool json;
	bool show_secrets;
};

/* All that has to be given back at the end. */
struct work {
	struct input file;
	struct input piece[PIECES];
	struct input verifier;
	struct explain_dialects dialects;
	struct pk_arena arena;
	struct pk_capture capture;
	struct pk_report report;
};

/* Room for the capture, and as much again for taking it apart. */
#define ARENA_SIZE ((size_t)2 * PK_ARENA_CAPTURE)

#define PIECE_MAX ((size_t)1 << 20)
#define VERIFIER_MAX 4096 /* also those that are wrong */

static bool is_given_twice(char **place, char *value)
{
	const bool twice = *place != NULL;

	*place = value;
	return twice;
}

static bool has_pieces(const struct options *options)
{
	for (size_t i = 0; i < PIECES; i++)
		if (options->piece[i])
			return true;
	return options->verifier != NULL;
}

/* What is left after the options: FILE, or standard input where something else than a person is at
 * its other end. */
static int read_operand(int argc, char **argv, struct options *ret)
{
	static char standard_input[] = "-";

	if (argc - optind > 1)
		return answer_usage(command, "it takes one file");
	if (optind < argc)
		ret->file = argv[optind];
	else if (!has_pieces(ret) && isatty(STDIN_FILENO))
		return answer_usage(command, "there is nothing to explain: give it a file");
	else if (!has_pieces(ret))
		ret->file = standard_input;
	return -1;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct options *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		/* the pieces, in their order */
		{"authorize",     required_argument, NULL, 0},
		{"callback",      required_argument, NULL, 0},
		{"token-request", required_argument, NULL, 0},
		{"reply",         required_argument, NULL, 0},
		{"verifier",      required_argument, NULL, 'v'},
		{"provider",      required_argument, NULL, 'p'},
		{"providers",     required_argument, NULL, 'd'},
		{"show-secrets",  no_argument,       NULL, 's'},
		{"json",          no_argument,       NULL, 'j'},
		{"help",          no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got, index = 0;

	while ((got = getopt_long(argc, argv, ":", known, &index)) != -1) {
		switch (got) {
		case 0:
			if (is_given_twice(&ret->piece[index], optarg))
				return answer_usage(command, "--%s is given twice",
						    pieces[index].option);
			break;
		case 'v':
			if (is_given_twice(&ret->verifier, optarg))
				return answer_usage(command, "--verifier is given twice");
			break;
		case 'p':
			ret->provider = optarg;
			break;
		case 'd':
			ret->directory = optarg;
			break;
		case 's':
			ret->show_secrets = true;
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
	return read_operand(argc, argv, ret);
}

/* A request or a reply begins with one of these; anything else is the name of a file. */
static bool is_text(struct pk_str argument)
{
	/* clang-format off */
	static const char *const starts[] = {
		"curl ", "curl.exe ", "POST ", "GET ", "HTTP/", "{", "[", "<", "$ ",
	};
	/* clang-format on */
	const struct pk_str trimmed = pk_str_trim(argument);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (pk_str_starts(trimmed, pk_str(starts[i])))
			return true;
	return pk_str_find(trimmed, '\n') < trimmed.len;
}

static int read_piece(const struct piece *piece, char *argument, struct input *ret)
{
	char error[512];

	if (piece->may_be_file && !is_text(pk_str(argument)))
		return input_read(argument, PIECE_MAX, ret, error, sizeof(error))
			       ? ANSWER_YES
			       : answer_failed(command, "--%s: %s", piece->option, error);
	return input_take(argument, ret) ? ANSWER_YES : answer_failed(command, "no memory");
}

static int refuse(const char *where, enum pk_err err, const struct pk_why *why)
{
	if (why->line)
		return answer_failed(command, "%s:%u: %s", where, why->line, why->detail);
	return answer_failed(command, "%s: %s", where,
			     why->detail[0] ? why->detail : pk_err_info(err)->sentence);
}

static const char *file_name(const struct options *options)
{
	return pk_str_equal(pk_str(options->file), PK_STR("-")) ? "standard input" : options->file;
}

static int take_file(const struct options *options, struct work *work)
{
	struct pk_why why = {0};
	char error[512];
	enum pk_err err;

	work->capture = (struct pk_capture){.stored_expires_at = PK_TIME_UNKNOWN};
	if (!options->file)
		return ANSWER_YES;
	if (!input_read(options->file, PK_CAPTURE_TEXT_MAX, &work->file, error, sizeof(error)))
		return answer_failed(command, "%s", error);
	err = pk_capture_read(&work->arena, work->file.text, &work->capture, &why);
	return err == PK_OK ? ANSWER_YES : refuse(file_name(options), err, &why);
}

static int take_pieces(const struct options *options, struct work *work)
{
	for (size_t i = 0; i < PIECES; i++) {
		struct pk_why why = {0};
		enum pk_err err;
		int status;

		if (!options->piece[i])
			continue;
		status = read_piece(&pieces[i], options->piece[i], &work->piece[i]);
		if (status != ANSWER_YES)
			return status;
		err = pk_capture_add(&work->arena, &work->capture, pieces[i].kind,
				     work->piece[i].text, &why);
		if (err != PK_OK)
			return refuse(pieces[i].option, err, &why);
	}
	return ANSWER_YES;
}

static int take_verifier(const struct options *options, struct work *work)
{
	char error[512];

	if (!options->verifier)
		return ANSWER_YES;
	if (pk_str_equal(pk_str(options->verifier), PK_STR("-"))) {
		if (!input_read("-", VERIFIER_MAX, &work->verifier, error, sizeof(error)))
			return answer_failed(command, "--verifier: %s", error);
	} else if (!input_take(options->verifier, &work->verifier)) {
		return answer_failed(command, "no memory");
	}
	work->capture.stored_verifier = input_line(work->verifier.text);
	return ANSWER_YES;
}

static int take_dialects(const struct options *options, struct work *work)
{
	const char *const directory = options->directory ? options->directory : dialect_directory();
	char error[512];

	if (!explain_dialects_load(directory, &work->dialects, error, sizeof(error)))
		return answer_failed(command, "%s", error);
	if (!options->provider)
		return ANSWER_YES;
	if (!explain_dialects_have(&work->dialects, pk_str(options->provider)))
		return answer_usage(command,
				    "there is no provider %s; `proofkey provider list` lists them",
				    options->provider);
	work->capture.provider = pk_str(options->provider);
	return ANSWER_YES;
}

static int print_report(const struct options *options, const struct work *work)
{
	char *const memory = malloc(PK_REPORT_MAX);
	struct pk_buf out = pk_buf(memory, memory ? PK_REPORT_MAX : 0);

	if (options->json)
		pk_report_json(&work->report, options->show_secrets, &out);
	else
		pk_report_text(&work->report, options->show_secrets, &out);
	if (out.overflow) {
		free(memory);
		return answer_failed(command, "there is no memory for the report");
	}
	fwrite(out.ptr, 1, out.len, stdout);
	free(memory);
	return answer_end(command, work->report.finding_count ? ANSWER_NO : ANSWER_YES);
}

static int explain(const struct options *options, struct work *work)
{
	struct pk_why why = {0};
	int status = take_file(options, work);
	enum pk_err err;

	if (status == ANSWER_YES)
		status = take_pieces(options, work);
	if (status == ANSWER_YES)
		status = take_verifier(options, work);
	if (status == ANSWER_YES)
		status = take_dialects(options, work);
	if (status != ANSWER_YES)
		return status;
	err = pk_explain(&work->arena, &work->capture, work->dialects.dialect, work->dialects.count,
			 &work->report, &why);
	if (err != PK_OK)
		return answer_refused(command, err, &why);
	return print_report(options, work);
}

int explain_main(int argc, char **argv)
{
	struct options options = {0};
	struct work *work;
	void *memory;
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	work = calloc(1, sizeof(*work));
	memory = malloc(ARENA_SIZE);
	if (work && memory) {
		work->arena = pk_arena(memory, ARENA_SIZE);
		status = explain(&options, work);
		pk_arena_wipe(&work->arena);
		for (size_t i = 0; i < PIECES; i++)
			input_free(&work->piece[i]);
		input_free(&work->file);
		input_free(&work->verifier);
		explain_dialects_free(&work->dialects);
	} else {
		status = answer_failed(command, "no memory");
	}
	free(memory);
	free(work);
	return status;
}
