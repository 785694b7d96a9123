/*
 * A connection to the database, in libpq's pipeline mode: calls are sent as they come, without
 * waiting for the answers to those before them, and each is a transaction by itself. A call whose
 * answer does not come within STORE_SECONDS is answered VAULT_DOWN; when the server is silent for
 * as long, the connection is given up and made anew. Nothing here waits but in the event loop.
 */
#include "vault/postgres_link.h"
#include "vault/postgres_lookup.h"
#include "vault/postgres_schema.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

/* In milliseconds. */
#define CALL_TIME (STORE_SECONDS * 1000)
#define CONNECT_TIME 10000 /* to the last of several hosts; each has its tcp_user_timeout */
#define STEPS_TIME 600000  /* to bring the schema up to date: see limits_of_steps */
#define FIRST_PAUSE 100
#define LONGEST_PAUSE 5000

enum phase {
	PAUSING,    /* until the next attempt */
	LOOKING_UP, /* the hosts' addresses */
	CONNECTING,
	MIGRATING, /* or finding out that there is nothing to do */
	PREPARING, /* the statements */
	READY,
};

struct call {
	TAILQ_ENTRY(call) entry;
	enum postgres_call which;
	store_done *done; /* NULL: it was answered, because its time was over */
	void *arg;
	int64_t deadline;
	PGresult *result; /* so far: it counts when its transaction has ended */
	size_t count;
	struct pk_str argument[POSTGRES_ARGUMENTS_MAX];
	char bytes[];
};

TAILQ_HEAD(calls, call);

struct postgres_link {
	struct event_base *base;
	PQconninfoOption *address;
	enum phase phase;
	PGconn *connection;
	struct event *readable; /* the socket's, or the lookup's */
	struct event *writable;
	struct event *phase_end; /* the phase took too long; in PAUSING, it is over */
	struct event *call_end;  /* a call took too long */
	int lookup;              /* descriptor, or -1 */
	struct calls waiting;    /* for the connection */
	struct calls sent;
	size_t under_way;
	int64_t heard_at;   /* the last answer; or when a call was sent and none was under way */
	int64_t away_since; /* the last time it was READY */
	unsigned attempts;  /* that failed, in a row */
	unsigned connections;
	bool broken; /* found out while a call was sent; on_phase_end() sees to it */
	bool refused;
	char problem[256];
};

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_timer(struct event *timer, int64_t after)
{
	const int64_t wait = after > 0 ? after : 0;

	(void)event_add(timer, &(struct timeval){wait / 1000, wait % 1000 * 1000});
}

/* ---- Failures ---- */

/* The server's and libpq's words: one line, without the rows that they are about. */
static void note(struct postgres_link *link, const char *text)
{
	char line[sizeof(link->problem)];

	pk_text_tame(line, sizeof(line), pk_str_trim(pk_str(text)));
	(void)snprintf(link->problem, sizeof(link->problem), "PostgreSQL: %.*s",
		       (int)sizeof(link->problem) - 16, line);
}

/* What kind of failure it is; "" where there is none. */
static const char *code_of(const PGresult *result)
{
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return code ? code : "";
}

static void note_result(struct postgres_link *link, const PGresult *result)
{
	char text[sizeof(link->problem)];
	const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	(void)snprintf(text, sizeof(text), "%s %s", words ? words : PQresultErrorMessage(result),
		       code_of(result));
	note(link, text);
}

/* Failures that another connection may not have, of a server that took other duties or another
 * database: the connection is made anew, and with it the schema looked at. */
static bool ends_connection(const PGresult *result)
{
	static const char *const codes[] = {
		"25006", /* it became read-only: somebody else is the primary now */
		"26000", /* it does not know the statements: something between us changed them */
		"3F000", /* the schema is gone */
		"42P01", /* a table is gone */
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code_of(result), codes[i]) == 0)
			return true;
	return false;
}

/* Whether trying again is of no use until somebody has done something: a newer schema, or rights
 * that are missing. */
static bool is_refusal(const PGresult *result)
{
	return strcmp(code_of(result), POSTGRES_NEWER) == 0 ||
	       strncmp(code_of(result), "42", 2) == 0;
}

static void call_free(struct call *call)
{
	PQclear(call->result);
	free(call);
}

/* Answers a call, once. */
static void answer(struct postgres_link *link, struct call *call)
{
	const ExecStatusType status = PQresultStatus(call->result);
	store_done *const done = call->done;

	call->done = NULL;
	if (!done)
		return;
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		postgres_answer(call->which, call->result, done, call->arg);
	else
		postgres_answer_down(link->problem, done, call->arg);
}

static void finish(struct postgres_link *link, struct calls *calls, struct call *call)
{
	TAILQ_REMOVE(calls, call, entry);
	link->under_way--;
	answer(link, call);
	call_free(call);
}

/* Ends with the link's problem what should have been answered by `until`. */
static void give_up(struct postgres_link *link, struct calls *calls, int64_t until)
{
	struct call *call;

	while ((call = TAILQ_FIRST(calls)) && call->deadline <= until) {
		PQclear(call->result);
		call->result = NULL;
		finish(link, calls, call);
	}
}

static void drop_event(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

static void disconnect(struct postgres_link *link)
{
	drop_event(&link->readable);
	drop_event(&link->writable);
	if (link->lookup >= 0)
		(void)close(link->lookup);
	link->lookup = -1;
	PQfinish(link->connection); /* says farewell only as far as the socket takes it */
	link->connection = NULL;
}

/* From half of it to all of it: what lost the same server does not come back in one moment. */
static int64_t pause_before(unsigned attempts)
{
	const int64_t longest = attempts < 6 ? FIRST_PAUSE << attempts : LONGEST_PAUSE;

	return longest / 2 + randombytes_uniform((uint32_t)longest / 2 + 1);
}

/* Gives the connection up; its problem has been noted. Calls that were sent may have been done or
 * not. Those that wait go on waiting for as long as they may. */
static void lose(struct postgres_link *link)
{
	struct calls sent = TAILQ_HEAD_INITIALIZER(sent);
	const int64_t now = milliseconds();

	disconnect(link);
	if (link->phase == READY)
		link->away_since = now;
	link->phase = PAUSING;
	link->broken = false;
	set_timer(link->phase_end, pause_before(link->attempts++));
	TAILQ_CONCAT(&sent, &link->sent, entry);
	give_up(link, &sent, INT64_MAX);
	if (now - link->away_since >= CALL_TIME)
		give_up(link, &link->waiting, INT64_MAX);
}

static void lose_because(struct postgres_link *link, const char *problem)
{
	note(link, problem);
	lose(link);
}

/* libpq knows what the matter is. */
static void lose_connection(struct postgres_link *link)
{
	lose_because(link, PQerrorMessage(link->connection));
}

/* ---- Calls ---- */

/* The first of each list is the one that has waited longest. */
static int64_t next_deadline(const struct postgres_link *link)
{
	const struct call *call;

	TAILQ_FOREACH(call, &link->sent, entry)
	{
		if (call->done)
			return call->deadline;
	}
	if (!TAILQ_EMPTY(&link->sent))
		return link->heard_at + CALL_TIME;
	call = TAILQ_FIRST(&link->waiting);
	return call ? call->deadline : INT64_MAX;
}

static void watch_calls(struct postgres_link *link)
{
	if (event_pending(link->call_end, EV_TIMEOUT, NULL))
		return;

	const int64_t next = next_deadline(link);

	if (next < INT64_MAX)
		set_timer(link->call_end, next - milliseconds());
}

/* Calls that were sent stay on the list, for their answers to come: the server is at work. What
 * callers make of the answer comes behind them. */
static void give_up_sent(struct postgres_link *link, int64_t until)
{
	struct call *call, *next;

	note(link, "the server has more to do than it can in time");
	for (call = TAILQ_FIRST(&link->sent); call && call->deadline <= until; call = next) {
		next = TAILQ_NEXT(call, entry);
		answer(link, call);
	}
}

static void on_call_end(evutil_socket_t fd, short what, void *arg)
{
	struct postgres_link *link = arg;
	const struct call *sent = TAILQ_FIRST(&link->sent);
	const int64_t now = milliseconds();

	(void)fd;
	(void)what;
	if (sent && sent->deadline <= now && now - link->heard_at >= CALL_TIME) {
		lose_because(link, "the server did not answer in time");
	} else if (sent && sent->deadline <= now) {
		give_up_sent(link, now);
	} else if (!TAILQ_EMPTY(&link->waiting)) {
		if (!link->problem[0])
			note(link, "the server cannot be reached in time");
		give_up(link, &link->waiting, now);
	}
	watch_calls(link);
}

/* Asks to be told when the socket takes what libpq still holds. */
static void flush(struct postgres_link *link)
{
	const int left = PQflush(link->connection);

	if (left < 0)
		link->broken = true;
	else if (left > 0)
		(void)event_add(link->writable, NULL);
}

/* A failure is seen to later: who calls does not expect that others are answered meanwhile. */
static void send_call(struct postgres_link *link, struct call *call)
{
	if (TAILQ_EMPTY(&link->sent))
		link->heard_at = milliseconds();
	TAILQ_INSERT_TAIL(&link->sent, call, entry);
	if (link->broken)
		return;
	if (!postgres_send(link->connection, call->which, call->argument, call->count) ||
	    !PQpipelineSync(link->connection))
		link->broken = true;
	else
		flush(link);
	if (link->broken) {
		note(link, PQerrorMessage(link->connection));
		set_timer(link->phase_end, 0);
	}
}

static struct call *copy_call(enum postgres_call which, const struct postgres_arguments *arguments,
			      store_done *done, void *arg)
{
	size_t size = 0;
	struct call *call;
	char *at;

	for (size_t i = 0; i < arguments->count; i++)
		size += arguments->value[i].len;
	call = malloc(sizeof(*call) + size);
	if (!call)
		return NULL;
	*call = (struct call){.which = which,
			      .done = done,
			      .arg = arg,
			      .deadline = milliseconds() + CALL_TIME,
			      .count = arguments->count};
	at = call->bytes;
	for (size_t i = 0; i < arguments->count; i++) {
		const struct pk_str value = arguments->value[i];

		if (!value.ptr)
			continue;
		if (value.len)
			memcpy(at, value.ptr, value.len);
		call->argument[i] = (struct pk_str){at, value.len};
		at += value.len;
	}
	return call;
}

void postgres_link_call(struct postgres_link *link, enum postgres_call which,
			const struct postgres_arguments *arguments, store_done *done, void *arg)
{
	/* A short absence is waited for; a long one is nobody's to wait for. */
	const bool away = link->phase != READY && milliseconds() - link->away_since >= CALL_TIME;
	struct call *call = away ? NULL : copy_call(which, arguments, done, arg);

	if (!call) {
		postgres_answer_down(away ? link->problem : "out of memory", done, arg);
		return;
	}
	link->under_way++;
	if (link->phase == READY)
		send_call(link, call);
	else
		TAILQ_INSERT_TAIL(&link->waiting, call, entry);
	watch_calls(link);
}

size_t postgres_link_calls(const struct postgres_link *link)
{
	return link->under_way;
}

/* ---- Results ---- */

/* Takes a part of the first call's outcome: its result, or a failure to commit behind that. */
static void take_part(struct postgres_link *link, struct call *call, PGresult *result)
{
	const ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		note_result(link, result);
	PQclear(call->result);
	call->result = result;
}

/* What has come, call by call. False where the connection must be given up. */
static bool take_results(struct postgres_link *link)
{
	bool usable = true, ended = false;
	struct call *call;

	while (usable && (call = TAILQ_FIRST(&link->sent)) && !PQisBusy(link->connection)) {
		PGresult *result = PQgetResult(link->connection);

		/* A statement's results end with NULL; two are no end of anything. */
		if (!result) {
			usable = !ended;
			ended = true;
			if (!usable)
				note(link, "its answers are out of step");
			continue;
		}
		ended = false;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			usable = !ends_connection(call->result);
			link->heard_at = milliseconds();
			finish(link, &link->sent, call);
		} else {
			take_part(link, call, result);
		}
	}
	return usable;
}

/* ---- The connection ---- */

static void on_socket(evutil_socket_t fd, short what, void *arg);
static void take_setup(struct postgres_link *link);

/* Waits for one event of the socket, which libpq may have changed for another. */
static void await(struct postgres_link *link, short what)
{
	drop_event(&link->readable);
	link->readable = event_new(link->base, PQsocket(link->connection), what, on_socket, link);
	if (!link->readable || event_add(link->readable, NULL) != 0)
		lose_because(link, "out of memory");
}

static bool send_schema(struct postgres_link *link)
{
	char memory[POSTGRES_SCHEMA_SIZE];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	return postgres_schema_write(&text) && PQsendQuery(link->connection, memory);
}

static void begin_steps(struct postgres_link *link)
{
	const int fd = PQsocket(link->connection);

	if (PQserverVersion(link->connection) < POSTGRES_OLDEST_SERVER) {
		link->refused = true;
		lose_because(link, "the server is older than version 13");
		return;
	}
	drop_event(&link->readable);
	link->readable = event_new(link->base, fd, EV_READ | EV_PERSIST, on_socket, link);
	link->writable = event_new(link->base, fd, EV_WRITE, on_socket, link);
	if (!link->readable || !link->writable || event_add(link->readable, NULL) != 0) {
		lose_because(link, "out of memory");
		return;
	}
	link->phase = MIGRATING;
	set_timer(link->phase_end, STEPS_TIME);
	if (PQsetnonblocking(link->connection, 1) != 0 || !send_schema(link))
		lose_connection(link);
	else
		flush(link);
}

static void begin_preparing(struct postgres_link *link)
{
	link->phase = PREPARING;
	if (!PQenterPipelineMode(link->connection) || !postgres_prepare(link->connection) ||
	    !PQpipelineSync(link->connection))
		lose_connection(link);
	else
		take_setup(link);
}

static void begin_calls(struct postgres_link *link)
{
	struct call *call;

	link->phase = READY;
	link->connections++;
	link->attempts = 0;
	link->refused = false;
	link->problem[0] = '\0';
	(void)event_del(link->phase_end);
	while ((call = TAILQ_FIRST(&link->waiting))) {
		TAILQ_REMOVE(&link->waiting, call, entry);
		send_call(link, call);
	}
}

static bool setup_failed(struct postgres_link *link, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		return false;
	default:
		note_result(link, result);
		link->refused = is_refusal(result);
		return true;
	}
}

/* The results of the steps and of the preparations, none of which may be a failure. The steps end
 * with NULL, the preparations with the end of their pipeline. */
static void take_setup(struct postgres_link *link)
{
	while (!PQisBusy(link->connection)) {
		PGresult *result = PQgetResult(link->connection);

		if (!result && link->phase == MIGRATING) {
			begin_preparing(link);
			return;
		}
		if (!result)
			continue;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			begin_calls(link);
			return;
		}

		const bool failed = setup_failed(link, result);

		PQclear(result);
		if (failed) {
			lose(link);
			return;
		}
	}
	flush(link);
}

static void poll_connect(struct postgres_link *link)
{
	switch (PQconnectPoll(link->connection)) {
	case PGRES_POLLING_READING:
		await(link, EV_READ);
		break;
	case PGRES_POLLING_WRITING:
		await(link, EV_WRITE);
		break;
	case PGRES_POLLING_OK:
		begin_steps(link);
		break;
	default:
		lose_connection(link);
		break;
	}
}

static void exchange(struct postgres_link *link, short what)
{
	if ((what & EV_READ) && !PQconsumeInput(link->connection)) {
		lose_connection(link);
		return;
	}
	if (link->phase != READY) {
		take_setup(link);
		return;
	}
	if (!take_results(link)) {
		lose(link);
		return;
	}
	flush(link);
	if (link->broken || PQstatus(link->connection) == CONNECTION_BAD)
		lose_connection(link);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct postgres_link *link = arg;

	(void)fd;
	if (link->phase == CONNECTING)
		poll_connect(link);
	else
		exchange(link, what);
	watch_calls(link);
}

/* ---- Connecting ---- */

static const char *option(const struct postgres_link *link, const char *keyword)
{
	for (const PQconninfoOption *at = link->address; at->keyword; at++)
		if (strcmp(at->keyword, keyword) == 0)
			return at->val;
	return NULL;
}

/* Notices are for people at a terminal. */
static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

#define SETTINGS_MAX 64

/* What libpq is told, in pairs; the first that has a keyword counts. */
struct settings {
	const char *keyword[SETTINGS_MAX + 1];
	const char *value[SETTINGS_MAX + 1];
	size_t count;
};

static void set(struct settings *settings, const char *keyword, const char *value)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->keyword[i], keyword) == 0)
			return;
	if (!value || settings->count == SETTINGS_MAX)
		return;
	settings->keyword[settings->count] = keyword;
	settings->value[settings->count++] = value;
}

static void connect_to(struct postgres_link *link, const struct postgres_hosts *hosts)
{
	struct settings settings = {0};

	drop_event(&link->readable);
	if (hosts) {
		set(&settings, "host", hosts->hosts);
		set(&settings, "hostaddr", hosts->addresses);
		set(&settings, "port", hosts->ports[0] ? hosts->ports : NULL);
	}
	for (const PQconninfoOption *at = link->address; at->keyword; at++)
		set(&settings, at->keyword, at->val);
	set(&settings, "fallback_application_name", "proofkey");
	/* Of several servers, the one that can be written to. */
	set(&settings, "target_session_attrs", "read-write");
	/* A ticket that nobody gave us is not looked for: that may ask servers, and wait. */
	set(&settings, "gssencmode", "disable");
	set(&settings, "tcp_user_timeout", "3000");
	set(&settings, "keepalives_idle", "10");
	set(&settings, "keepalives_interval", "3");
	set(&settings, "keepalives_count", "3");

	link->phase = CONNECTING;
	link->connection = PQconnectStartParams(settings.keyword, settings.value, 0);
	if (!link->connection) {
		lose_because(link, "out of memory");
		return;
	}
	(void)PQsetNoticeReceiver(link->connection, ignore_notice, NULL);
	if (PQstatus(link->connection) == CONNECTION_BAD)
		lose_connection(link);
	else
		await(link, EV_WRITE); /* as libpq says: behave as if it had asked for that */
}

static void on_lookup(evutil_socket_t fd, short what, void *arg)
{
	struct postgres_link *link = arg;
	struct postgres_hosts hosts;
	const bool found = postgres_lookup_take(fd, &hosts);

	(void)what;
	drop_event(&link->readable);
	(void)close(link->lookup);
	link->lookup = -1;
	if (found)
		connect_to(link, &hosts);
	else
		lose_because(link, hosts.problem);
}

static void begin(struct postgres_link *link)
{
	const char *hosts = option(link, "host");

	link->refused = false;
	set_timer(link->phase_end, CONNECT_TIME);
	if (option(link, "hostaddr") || !postgres_needs_lookup(hosts)) {
		connect_to(link, NULL);
		return;
	}
	link->phase = LOOKING_UP;
	link->lookup = postgres_lookup(hosts, option(link, "port"));
	if (link->lookup >= 0)
		link->readable = event_new(link->base, link->lookup, EV_READ, on_lookup, link);
	if (!link->readable || event_add(link->readable, NULL) != 0)
		lose_because(link, strerror(errno));
}

static void on_phase_end(evutil_socket_t fd, short what, void *arg)
{
	static const char *const problems[] = {
		[LOOKING_UP] = "the server's name is not resolved in time",
		[CONNECTING] = "no connection comes about in time",
		[MIGRATING] = "the schema is not brought up to date in time",
		[PREPARING] = "the statements are not prepared in time",
	};
	struct postgres_link *link = arg;

	(void)fd;
	(void)what;
	if (link->phase == PAUSING)
		begin(link);
	else if (link->phase != READY)
		lose_because(link, problems[link->phase]);
	else if (link->broken)
		lose(link);
	watch_calls(link);
}

struct postgres_link *postgres_link_new(struct event_base *base, PQconninfoOption *address)
{
	struct postgres_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	TAILQ_INIT(&link->waiting);
	TAILQ_INIT(&link->sent);
	link->base = base;
	link->address = address;
	link->lookup = -1;
	link->away_since = milliseconds();
	link->phase_end = event_new(base, -1, 0, on_phase_end, link);
	link->call_end = event_new(base, -1, 0, on_call_end, link);
	if (!link->phase_end || !link->call_end) {
		postgres_link_free(link);
		return NULL;
	}
	set_timer(link->phase_end, 0);
	return link;
}

void postgres_link_free(struct postgres_link *link)
{
	if (!link)
		return;
	disconnect(link);
	link->phase = PAUSING;
	link->away_since = INT64_MIN / 2; /* who asks again is answered at once */
	note(link, "the store is closed");
	give_up(link, &link->sent, INT64_MAX);
	give_up(link, &link->waiting, INT64_MAX);
	drop_event(&link->phase_end);
	drop_event(&link->call_end);
	free(link);
}

unsigned postgres_link_connections(const struct postgres_link *link)
{
	return link->connections;
}

enum postgres_link_state postgres_link_state(const struct postgres_link *link)
{
	if (link->phase == READY)
		return POSTGRES_LINK_READY;
	if (link->attempts == 0)
		return POSTGRES_LINK_TRYING;
	return link->refused ? POSTGRES_LINK_REFUSED : POSTGRES_LINK_AWAY;
}

const char *postgres_link_problem(const struct postgres_link *link)
{
	return link->problem;
}
