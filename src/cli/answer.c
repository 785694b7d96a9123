/*
 * Ending a command. A result that did not reach its file (a full disk, a closed pipe) is a failure:
 * whoever reads the exit status must not take half of a key pair for a whole one.
 */
#include "cli/answer.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(const char *command, const char *format, va_list arguments)
{
	fprintf(stderr, "%s: ", command);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

int answer_usage(const char *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(command, format, arguments);
	va_end(arguments);
	fprintf(stderr, "`%s --help` explains it\n", command);
	return ANSWER_USAGE;
}

int answer_option(const char *command, int got, char *const *argv)
{
	if (got == ':')
		return answer_usage(command, "%s needs a value", argv[optind - 1]);
	/* For a long option that takes no value and got one, optopt is its own letter. */
	if (optopt && strncmp(argv[optind - 1], "--", 2) == 0)
		return answer_usage(command, "%s: this option takes no value", argv[optind - 1]);
	if (optopt)
		return answer_usage(command, "there is no option -%c", optopt);
	return answer_usage(command, "there is no option %s", argv[optind - 1]);
}

int answer_failed(const char *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(command, format, arguments);
	va_end(arguments);
	return ANSWER_NO;
}

int answer_refused(const char *command, enum pk_err err, const struct pk_why *why)
{
	const struct pk_err_info *info = pk_err_info(err);

	fprintf(stderr, "%s: %s", command, info->sentence);
	if (why->detail[0])
		fprintf(stderr, ": %s", why->detail);
	if (info->reference[0])
		fprintf(stderr, " (%s)", info->reference);
	fputc('\n', stderr);
	return ANSWER_NO;
}

int answer_end(const char *command, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return answer_failed(command, "the result could not be written: %s", strerror(errno));
}

int answer_json(const char *command, json_t *result, int status)
{
	if (!result)
		return answer_failed(command, "the result cannot be written as JSON");

	const int written = json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	json_decref(result);
	if (written < 0)
		return answer_failed(command, "the result could not be written: %s",
				     strerror(errno));
	putchar('\n');
	return answer_end(command, status);
}

json_t *answer_json_text(struct pk_str text)
{
	return json_stringn(text.ptr ? text.ptr : "", text.len);
}
