/*
 * `proofkey grants`: what the vault of a running gateway holds, without tokens; new tokens for a
 * grant, and its end. It asks the broker, as any program with a key does, and so sees what that key
 * may.
 */
#include "cli/cli.h"
#include "base/encode.h"
#include "base/text.h"
#include "cli/answer.h"
#include "cli/broker_client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char command[] = "proofkey grants";

#define CONFIG_DEFAULT "/etc/proofkey/proofkey.conf"

/* clang-format off */
static const char help[] =
	"usage: proofkey grants list [--config FILE] [--key NAME] [--login L] [--subject S] [--state W] [--json]\n"
	"       proofkey grants refresh --login L --subject S [--config FILE] [--key NAME] [--json]\n"
	"       proofkey grants revoke --login L --subject S [--config FILE] [--key NAME]\n"
	"\n"
	"Shows the grants that a running gateway holds, never their tokens; gets one new tokens,\n"
	"whether or not they are due; or ends one: the provider is asked to forget its tokens, and\n"
	"the vault forgets it.\n"
	"\n"
	"  --config FILE      the gateway's configuration, which says where its broker is\n"
	"                     (" CONFIG_DEFAULT ")\n"
	"  --key NAME         the broker_key to use, and so the logins that are seen; the first one\n"
	"                     of the configuration where it is not given\n"
	"  --login L          of this login\n"
	"  --subject S        of this subject, as the provider calls the person\n"
	"  --state W          active, retrying or ended; or overdue: it should have been refreshed\n"
	"  --json             one JSON object, with all that is known of each grant\n"
	"  --help             this text\n"
	"\n"
	"The secret of a key is its owner's to read: run this as the user of the gateway.\n"
	"\n"
	"example:\n"
	"  proofkey grants list --state overdue\n"
	"  proofkey grants refresh --login work --subject 00u1abc\n"
	"\n"
	"Exit status: 0, 1 when the broker said no or did not answer, 2 for wrong usage.\n";
/* clang-format on */

struct options {
	const char *config;
	const char *key;
	const char *login;
	const char *subject;
	const char *state;
	bool json;
};

/* A refresh is overdue when it is so late; before, it is about to be made. */
#define OVERDUE 60 /* seconds */

/* What the broker said when it did not do what was asked. */
static int refused(long status, const json_t *answer)
{
	char detail[256], fix[256];

	if (!json_is_object(answer))
		return answer_failed(command, "the broker answered %ld, without a reason", status);
	/* It says what a provider may have said. */
	pk_text_tame(detail, sizeof(detail),
		     pk_str(json_string_value(json_object_get(answer, "detail"))));
	pk_text_tame(fix, sizeof(fix), pk_str(json_string_value(json_object_get(answer, "fix"))));
	return answer_failed(command, "%s %s", detail, fix);
}

/* A text of a grant, with nothing in it that a terminal obeys; "-" for none. */
static void print_text(const json_t *grant, const char *name, int width)
{
	const json_t *value = json_object_get(grant, name);
	char text[256];

	pk_text_tame(text, sizeof(text),
		     (struct pk_str){json_string_value(value), json_string_length(value)});
	printf("%-*s  ", width, text[0] ? text : "-");
}

/* "2026-11-22T08:00:00Z", or "-" where it is no time. */
static void put_time(char out[static 32], const json_t *value)
{
	const time_t at = (time_t)json_integer_value(value);
	struct tm utc;

	(void)snprintf(out, 32, "-");
	if (json_is_integer(value) && gmtime_r(&at, &utc))
		(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void print_time(const json_t *grant, const char *name)
{
	char text[32];

	put_time(text, json_object_get(grant, name));
	printf("%-20s  ", text);
}

/* Seconds since the refresh was due; negative before. False where none will be. */
static bool overdue_by(const json_t *grant, int64_t *ret)
{
	const json_t *at = json_object_get(grant, "refresh_at");

	*ret = (int64_t)time(NULL) - json_integer_value(at);
	return json_is_integer(at);
}

/* "in 42 min", "overdue 3 h", or "-": what matters of it is how far away it is. */
static void print_refresh(const json_t *grant)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	char text[32] = "-";
	int64_t late;
	size_t unit = 0;

	if (overdue_by(grant, &late)) {
		const bool overdue = late >= OVERDUE;
		const int64_t far = late < 0 ? -late : late;

		while (far < units[unit].seconds && units[unit].seconds > 1)
			unit++;
		(void)snprintf(text, sizeof(text), "%s %lld %s", overdue ? "overdue" : "in",
			       overdue || late < 0 ? (long long)(far / units[unit].seconds) : 0LL,
			       units[unit].name);
	}
	printf("%-13s  ", text);
}

static void print_grant(const json_t *grant)
{
	print_text(grant, "login", 12);
	print_text(grant, "subject", 24);
	print_text(grant, "state", 8);
	print_time(grant, "expires_at");
	print_refresh(grant);
	print_text(grant, "fault", 0);
	print_text(grant, "scope", 0);
	putchar('\n');
}

static void print_heading(void)
{
	printf("%-12s  %-24s  %-8s  %-20s  %-13s  fault  scope\n", "login", "subject", "state",
	       "expires", "refresh");
}

static bool is_wanted(const json_t *grant, const struct options *options)
{
	const char *subject = json_string_value(json_object_get(grant, "subject"));
	const char *state = json_string_value(json_object_get(grant, "state"));
	int64_t late;

	if (options->subject && (!subject || strcmp(subject, options->subject) != 0))
		return false;
	if (options->state && strcmp(options->state, "overdue") == 0)
		return overdue_by(grant, &late) && late >= OVERDUE;
	return !options->state || (state && strcmp(state, options->state) == 0);
}

/* Moves the wanted grants of a page to `all`; the path of the next page, or "" after the last.
 * False when the answer is none of a broker's. */
static bool take_page(const json_t *page, const struct options *options, json_t *all,
		      char next[static 2048])
{
	const json_t *grants = json_object_get(page, "grants");
	const char *path = json_string_value(json_object_get(page, "next"));
	json_t *grant;
	size_t i;

	if (!json_is_array(grants) || (path && strlen(path) >= 2048))
		return false;
	json_array_foreach(grants, i, grant)
	{
		if (is_wanted(grant, options) && json_array_append(all, grant) != 0)
			return false;
	}
	(void)snprintf(next, 2048, "%s", path ? path : "");
	return true;
}

static void print_all(json_t *all)
{
	json_t *grant;
	size_t i;

	if (json_array_size(all))
		print_heading();
	json_array_foreach(all, i, grant)
	{
		print_grant(grant);
	}
}

static int list(struct broker_client *client, const struct options *options)
{
	json_t *all = json_array(), *page = NULL;
	char path[2048], error[512];
	struct pk_buf first = pk_buf(path, sizeof(path) - 1);
	int status = ANSWER_YES;

	pk_buf_put(&first, PK_STR("/v1/grants?limit=100"));
	if (options->login)
		pk_form_put(&first, 0, PK_STR("login"), pk_str(options->login));
	path[first.len] = '\0';
	if (first.overflow)
		status = answer_failed(command, "no login has such a long name");
	while (status == ANSWER_YES && path[0]) {
		const long got =
			broker_client_ask(client, "GET", path, &page, error, sizeof(error));

		if (!got)
			status = answer_failed(command, "%s", error);
		else if (got != 200)
			status = refused(got, page);
		else if (!take_page(page, options, all, path))
			status = answer_failed(command, "the answer is none of a broker's");
		json_decref(page);
	}
	if (status == ANSWER_YES && options->json)
		return answer_json(command, json_pack("{s:o}", "grants", all), status);
	if (status == ANSWER_YES)
		print_all(all);
	json_decref(all);
	return answer_end(command, status);
}

/* Writes the path of the grant and `rest`; false when there can be none so long. */
static bool put_path(char path[static 2048], const struct options *options, struct pk_str rest)
{
	struct pk_buf out = pk_buf(path, 2047);

	pk_buf_put(&out, PK_STR("/v1/grants/"));
	pk_percent_encode(&out, pk_str(options->login));
	pk_buf_char(&out, '/');
	pk_percent_encode(&out, pk_str(options->subject));
	pk_buf_put(&out, rest);
	path[out.len] = '\0';
	return !out.overflow;
}

/* The token itself is for programs: they ask the broker. */
static int tell_refreshed(const struct options *options, const json_t *answer)
{
	const json_t *seconds = json_object_get(answer, "expires_in");
	json_t *at = json_is_integer(seconds)
			     ? json_integer((json_int_t)time(NULL) + json_integer_value(seconds))
			     : json_null();
	char text[32];

	if (options->json)
		return answer_json(command,
				   json_pack("{s:s, s:s, s:o}", "login", options->login, "subject",
					     options->subject, "expires_at", at),
				   ANSWER_YES);
	put_time(text, at);
	if (json_is_integer(at))
		printf("refreshed; the access token lasts until %s\n", text);
	else
		printf("refreshed; the provider does not say how long the access token lasts\n");
	json_decref(at);
	return answer_end(command, ANSWER_YES);
}

static int refresh(struct broker_client *client, const struct options *options)
{
	char path[2048], error[512];
	json_t *answer = NULL;
	long got;
	int status;

	/* However short the tokens of the provider live. */
	if (!put_path(path, options, PK_STR("/refresh?min_ttl=0")))
		return answer_failed(command, "no grant has such long names");
	got = broker_client_ask(client, "POST", path, &answer, error, sizeof(error));
	if (!got)
		status = answer_failed(command, "%s", error);
	else
		status = got == 200 ? tell_refreshed(options, answer) : refused(got, answer);
	json_decref(answer);
	return status;
}

static int revoke(struct broker_client *client, const struct options *options)
{
	char path[2048], error[512];
	json_t *answer = NULL;
	long got;
	int status;

	if (!put_path(path, options, (struct pk_str){0}))
		return answer_failed(command, "no grant has such long names");
	got = broker_client_ask(client, "DELETE", path, &answer, error, sizeof(error));
	if (!got)
		status = answer_failed(command, "%s", error);
	else
		status = got == 204 ? ANSWER_YES : refused(got, answer);
	json_decref(answer);
	return status;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct options *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		{"config",  required_argument, NULL, 'c'},
		{"key",     required_argument, NULL, 'k'},
		{"login",   required_argument, NULL, 'l'},
		{"subject", required_argument, NULL, 's'},
		{"state",   required_argument, NULL, 't'},
		{"json",    no_argument,       NULL, 'j'},
		{"help",    no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got;

	*ret = (struct options){.config = CONFIG_DEFAULT};
	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (got) {
		case 'c':
			ret->config = optarg;
			break;
		case 'k':
			ret->key = optarg;
			break;
		case 'l':
			ret->login = optarg;
			break;
		case 's':
			ret->subject = optarg;
			break;
		case 't':
			ret->state = optarg;
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

static bool is_state(const char *word)
{
	static const char *const words[] = {"active", "retrying", "ended", "overdue"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* What may be done, and whether it is done to one grant. */
static const struct action {
	const char *name;
	int (*run)(struct broker_client *client, const struct options *options);
	bool one;
} actions[] = {{"list", list, false}, {"refresh", refresh, true}, {"revoke", revoke, true}};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

int grants_main(int argc, char **argv)
{
	struct options options;
	struct broker_client *client;
	const struct action *action;
	char error[512];
	const int read = read_options(argc, argv, &options);
	int status;

	if (read >= 0)
		return read;
	if (argc - optind != 1)
		return answer_usage(command, "it is `proofkey grants list`, `refresh` or `revoke`");
	action = find_action(argv[optind]);
	if (!action)
		return answer_usage(command, "it lists, refreshes and revokes; there is no \"%s\"",
				    argv[optind]);
	if (action->one && (!options.login || !options.subject))
		return answer_usage(command, "%s needs --login and --subject", action->name);
	if (options.state && (action->one || !is_state(options.state)))
		return answer_usage(command,
				    "--state is for list: active, retrying, ended or overdue");
	client = broker_client_open(options.config, options.key, error, sizeof(error));
	if (!client)
		return answer_failed(command, "%s", error);
	status = action->run(client, &options);
	broker_client_close(client);
	return status;
}
