/*
 * The link to one Valkey or Redis server: requests go out in order, replies come back in order, and
 * a server that is silent for STORE_SECONDS or goes away takes all that is under way with it; then
 * the link connects again by itself, later each time. hiredis writes and reads the protocol; the
 * socket is libevent's, which has TLS and time limits for it where Debian's hiredis has none.
 *
 * Trusts the server to be the one that the address names (by its certificate, with TLS).
 */
#include "vault/redis.h"
#include "base/embedded.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/un.h>
#include <time.h>

#define TICK_MILLISECONDS 100
#define PAUSE_MILLISECONDS 50 /* before the second attempt to connect; then twice that, ... */
#define PAUSE_MAX 2000
#define ELEMENTS_MAX (2 * STORE_LIST_MAX) /* of one list in a reply */
#define UNREAD_MAX (256 * 1024 * 1024)    /* bytes of one reply; no answer has as many */

struct call {
	TAILQ_ENTRY(call) entry;
	int64_t began; /* milliseconds of a clock that only goes forward */
	struct redis_request request;
	redis_done *done;
	void *arg;
	bool whole; /* the script was sent with it, as the server did not know it */
};

TAILQ_HEAD(call_queue, call);

/* What is asked of a server before it gets any call, in this order. */
enum step {
	STEP_AUTH,
	STEP_SELECT,
	STEP_APPENDONLY,
	STEP_APPENDFSYNC,
	STEP_POLICY,
	STEP_LOAD,
	STEP_PREPARE,
	STEPS
};

enum phase {
	AWAY,       /* until the pause is over */
	CONNECTING, /* the steps belong to it */
	READY,
};

struct redis_link {
	struct event_base *base;
	struct redis_address address;
	struct addrinfo *hosts, *host; /* all, and the one whose turn it is; NULL for a path */
	SSL_CTX *tls;
	struct event *tick, *pause;
	struct bufferevent *socket; /* NULL while away */
	redisReader *reader;
#if HIREDIS_MAJOR < 1
	redisReplyObjectFunctions functions; /* the reader's own, but for lists */
	void *(*make_list)(const redisReadTask *task, int elements);
#endif
	enum phase phase;
	enum step step; /* whose reply is next, while connecting */
	int64_t began;  /* connecting */
	unsigned int failures;
	char script_id[48];
	struct call_queue waiting, sent;
	size_t calls;
	bool refused; /* for good: a wrong password, a newer version */
	bool closing;
	bool appends, syncs, keeps; /* as far as is known */
	bool told;                  /* what the server does about them */
	char problem[512];
};

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timeval duration(int64_t ms)
{
	return (struct timeval){ms / 1000, (ms % 1000) * 1000};
}

/* ---- Calls ---- */

static void free_call(struct call *call)
{
	free(call->request.bytes);
	free(call);
}

static void fail_all(struct redis_link *link, struct call_queue *queue, const char *problem)
{
	struct call *call;

	while ((call = TAILQ_FIRST(queue))) {
		TAILQ_REMOVE(queue, call, entry);
		link->calls--;
		call->done(NULL, problem, call->arg);
		free_call(call);
	}
}

/* Ends the connection: what was sent is lost, and what waited for it waited in vain. Callers must
 * not use the connection after this. */
static void lose(struct redis_link *link, const char *problem)
{
	struct call_queue lost = TAILQ_HEAD_INITIALIZER(lost);
	char sentence[sizeof(link->problem)];

	if (link->socket)
		bufferevent_free(link->socket);
	if (link->reader)
		redisReaderFree(link->reader);
	link->socket = NULL;
	link->reader = NULL;
	link->phase = AWAY;
	(void)snprintf(link->problem, sizeof(link->problem), "the server at %s %s",
		       link->address.shown, problem);
	memcpy(sentence, link->problem, sizeof(sentence));
	if (link->host)
		link->host = link->host->ai_next ? link->host->ai_next : link->hosts;
	if (!link->closing) {
		const unsigned int doublings = link->failures < 6 ? link->failures : 6;
		const int64_t limit = (int64_t)PAUSE_MILLISECONDS << doublings;
		const int64_t pause = limit < PAUSE_MAX ? limit : PAUSE_MAX;

		/* Spread: when a server comes back, not all replicas do at once. */
		const struct timeval later =
			duration(pause / 2 + randombytes_uniform((uint32_t)pause / 2 + 1));

		link->failures++;
		event_add(link->pause, &later);
	}
	/* What is asked in answer to this belongs to the next connection. */
	TAILQ_CONCAT(&lost, &link->sent, entry);
	TAILQ_CONCAT(&lost, &link->waiting, entry);
	fail_all(link, &lost, sentence);
}

static bool send_command(struct redis_link *link, size_t count, const char **argument,
			 const size_t *len)
{
	char *command;
	const int size = redisFormatCommandArgv(&command, (int)count, argument, len);
	bool ok;

	if (size < 0)
		return false;
	ok = bufferevent_write(link->socket, command, (size_t)size) == 0;
	sodium_memzero(command, (size_t)size);
	redisFreeCommand(command);
	return ok;
}

/* EVALSHA names the script, EVAL brings it along; else they are the same. */
static bool send_script(struct redis_link *link, const struct redis_request *request, bool whole)
{
	const char *argument[4 + REDIS_ARGUMENTS_MAX] = {
		whole ? "EVAL" : "EVALSHA", whole ? embedded_redis[0].text : link->script_id, "1",
		REDIS_PREFIX};
	size_t len[4 + REDIS_ARGUMENTS_MAX], begin = 0;

	for (size_t i = 0; i < 4; i++)
		len[i] = strlen(argument[i]);
	for (size_t i = 0; i < request->count; i++) {
		argument[4 + i] = request->bytes ? request->bytes + begin : "";
		len[4 + i] = request->end[i] - begin;
		begin = request->end[i];
	}
	return send_command(link, 4 + request->count, argument, len);
}

static void send_waiting(struct redis_link *link)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&link->waiting))) {
		TAILQ_REMOVE(&link->waiting, call, entry);
		TAILQ_INSERT_TAIL(&link->sent, call, entry);
		if (!send_script(link, &call->request, call->whole)) {
			lose(link, "cannot be asked: out of memory");
			return;
		}
	}
}

/* ---- Connecting ---- */

static bool begins(const redisReply *reply, const char *words)
{
	return reply->type == REDIS_REPLY_ERROR &&
	       pk_str_starts((struct pk_str){reply->str, reply->len}, pk_str(words));
}

static bool is_asked(const struct redis_link *link, enum step step)
{
	return (step != STEP_AUTH || link->address.password[0]) &&
	       (step != STEP_SELECT || link->address.database[0]);
}

static bool send_words(struct redis_link *link, const char *const *words)
{
	const char *argument[4];
	size_t len[4], count = 0;

	for (; count < 4 && words[count]; count++) {
		argument[count] = words[count];
		len[count] = strlen(words[count]);
	}
	return send_command(link, count, argument, len);
}

static bool send_step(struct redis_link *link, enum step step)
{
	const struct redis_address *address = &link->address;
	const char *const commands[STEPS][5] = {
		[STEP_AUTH] = {"AUTH", address->user[0] ? address->user : address->password,
			       address->user[0] ? address->password : NULL},
		[STEP_SELECT] = {"SELECT", address->database},
		[STEP_APPENDONLY] = {"CONFIG", "GET", "appendonly"},
		[STEP_APPENDFSYNC] = {"CONFIG", "GET", "appendfsync"},
		[STEP_POLICY] = {"CONFIG", "GET", "maxmemory-policy"},
		[STEP_LOAD] = {"SCRIPT", "LOAD", embedded_redis[0].text},
	};
	struct redis_request prepare = {0};
	bool ok;

	if (step != STEP_PREPARE)
		return send_words(link, commands[step]);
	redis_text(&prepare, PK_STR("prepare"));
	ok = !prepare.failed && send_script(link, &prepare, true);
	free(prepare.bytes);
	return ok;
}

static enum step next_asked(const struct redis_link *link, enum step step)
{
	while (step < STEPS && !is_asked(link, step))
		step++;
	return step;
}

static bool is_value(const redisReply *reply, const char *value)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[1]->type == REDIS_REPLY_STRING &&
	       pk_str_equal((struct pk_str){reply->element[1]->str, reply->element[1]->len},
			    pk_str(value));
}

/* Takes the reply to a step; false with what the server does. */
static bool take_step(struct redis_link *link, enum step step, const redisReply *reply,
		      char *problem, size_t problem_size)
{
	const bool setting =
		step == STEP_APPENDONLY || step == STEP_APPENDFSYNC || step == STEP_POLICY;
	int64_t result = VAULT_DOWN;

	if (reply->type == REDIS_REPLY_ERROR &&
	    (!setting || begins(reply, "NOAUTH") || begins(reply, "LOADING"))) {
		link->refused = !redis_complaint(reply, problem, problem_size);
		return false;
	}
	switch (step) {
	case STEP_APPENDONLY: /* whoever may not ask, cannot know */
		link->told = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
		link->appends = is_value(reply, "yes");
		break;
	case STEP_APPENDFSYNC:
		link->syncs = is_value(reply, "always");
		break;
	case STEP_POLICY:
		link->keeps = is_value(reply, "noeviction");
		break;
	case STEP_LOAD:
		if (reply->type != REDIS_REPLY_STRING || reply->len >= sizeof(link->script_id)) {
			(void)snprintf(problem, problem_size, "does not take scripts");
			return false;
		}
		memcpy(link->script_id, reply->str, reply->len + 1);
		break;
	case STEP_PREPARE:
		if (reply->type == REDIS_REPLY_ARRAY && reply->elements)
			(void)redis_number_read(reply->element[0], &result);
		if (result == VAULT_OK)
			break;
		link->refused = result == VAULT_BUSY;
		(void)snprintf(problem, problem_size, "%s",
			       link->refused ? "has data of a newer version of this program"
					     : "answers what was not asked");
		return false;
	default:
		break;
	}
	return true;
}

/* Whether what the server has is of an older version yet, and only a part of it was changed. */
static bool is_unfinished(enum step step, const redisReply *reply)
{
	return step == STEP_PREPARE && reply->elements == 4 &&
	       reply->element[3]->type == REDIS_REPLY_INTEGER && reply->element[3]->integer == 1;
}

/* Gives false where the connection is gone. */
static bool on_step(struct redis_link *link, const redisReply *reply)
{
	char problem[160];

	if (!take_step(link, link->step, reply, problem, sizeof(problem))) {
		lose(link, problem);
		return false;
	}
	if (is_unfinished(link->step, reply)) {
		link->began = milliseconds();
		if (send_step(link, STEP_PREPARE))
			return true;
		lose(link, "cannot be asked: out of memory");
		return false;
	}
	link->step = next_asked(link, link->step + 1);
	if (link->step < STEPS)
		return true;
	link->phase = READY;
	send_waiting(link);
	return link->socket;
}

/* ---- Replies ---- */

/* Gives false where the connection is gone. */
static bool on_reply(struct redis_link *link, redisReply *reply)
{
	struct call *call = TAILQ_FIRST(&link->sent);
	char words[160], problem[sizeof(link->problem)];
	const bool readonly = begins(reply, "READONLY");

	if (!call) {
		lose(link, "answers what was not asked");
		return false;
	}
	TAILQ_REMOVE(&link->sent, call, entry);
	if (begins(reply, "NOSCRIPT") && !call->whole) {
		/* Somebody had the server forget its scripts; this one it then knows again. */
		call->whole = true;
		TAILQ_INSERT_TAIL(&link->waiting, call, entry);
		send_waiting(link);
		return link->socket;
	}
	link->calls--;
	if (reply->type == REDIS_REPLY_ERROR) {
		(void)redis_complaint(reply, words, sizeof(words));
		(void)snprintf(problem, sizeof(problem), "the server at %s %s", link->address.shown,
			       words);
		call->done(NULL, problem, call->arg);
	} else {
		link->failures = 0;
		call->done(reply, NULL, call->arg);
	}
	free_call(call);
	if (readonly) {
		/* The primary may be at another address of the same name by now. */
		lose(link, words);
		return false;
	}
	return true;
}

static bool take_reply(struct redis_link *link, redisReply *reply)
{
	return link->phase == CONNECTING ? on_step(link, reply) : on_reply(link, reply);
}

/* Reads what came into the reader; false where that is no reply any more. */
static bool feed(struct redis_link *link)
{
	struct evbuffer *input = bufferevent_get_input(link->socket);
	struct evbuffer_iovec piece;

	while (evbuffer_peek(input, -1, NULL, &piece, 1) > 0) {
		if (redisReaderFeed(link->reader, piece.iov_base, piece.iov_len) != REDIS_OK)
			return false;
		evbuffer_drain(input, piece.iov_len);
	}
	return link->reader->len <= UNREAD_MAX;
}

static void on_read(struct bufferevent *socket, void *arg)
{
	struct redis_link *link = arg;
	bool here = true;

	(void)socket;
	if (!feed(link)) {
		lose(link, "sends more than one reply may have");
		return;
	}
	while (here) {
		void *reply = NULL;

		if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
			lose(link, "does not speak the protocol of Valkey and Redis");
			return;
		}
		if (!reply)
			return;
		here = take_reply(link, reply);
		freeReplyObject(reply);
	}
}

static void lose_unreached(struct redis_link *link, int error)
{
	char problem[160];

	(void)snprintf(problem, sizeof(problem), "cannot be reached: %s", strerror(error));
	lose(link, problem);
}

static void on_event(struct bufferevent *socket, short what, void *arg)
{
	struct redis_link *link = arg;
	const unsigned long tls = bufferevent_get_openssl_error(socket);
	const int error = EVUTIL_SOCKET_ERROR();
	char problem[160];

	if (what & BEV_EVENT_CONNECTED) {
		for (enum step step = next_asked(link, STEP_AUTH); step < STEPS;
		     step = next_asked(link, step + 1))
			if (!send_step(link, step)) {
				lose(link, "cannot be asked: out of memory");
				return;
			}
		return;
	}
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if (tls) {
		const char *reason = ERR_reason_error_string(tls);
		SSL *ssl = bufferevent_openssl_get_ssl(socket);
		const long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

		if (verified != X509_V_OK)
			reason = X509_verify_cert_error_string(verified);
		(void)snprintf(problem, sizeof(problem), "cannot be trusted or has no TLS: %s",
			       reason ? reason : "unknown");
	} else if (what & BEV_EVENT_EOF || !error) {
		(void)snprintf(problem, sizeof(problem), "closed the connection");
	} else {
		lose_unreached(link, error);
		return;
	}
	lose(link, problem);
}

#if HIREDIS_MAJOR < 1
static void *make_list(const redisReadTask *task, int elements)
{
	const struct redis_link *link = task->privdata;

	return elements <= ELEMENTS_MAX ? link->make_list(task, elements) : NULL;
}
#endif

/* A reader that does not believe every length: it takes the memory for a list before the list is
 * there. */
static redisReader *make_reader(struct redis_link *link)
{
	redisReader *reader = redisReaderCreate();

	if (!reader)
		return NULL;
#if HIREDIS_MAJOR < 1
	link->functions = *reader->fn;
	link->make_list = link->functions.createArray;
	link->functions.createArray = make_list;
	reader->fn = &link->functions;
	reader->privdata = link;
#else
	reader->maxelements = ELEMENTS_MAX;
#endif
	return reader;
}

/* A socket that speaks TLS, if the address does. */
static struct bufferevent *make_socket(struct redis_link *link)
{
	const char *host = link->address.host;
	struct in6_addr number;
	struct bufferevent *socket;
	SSL *ssl;

	if (!link->tls)
		return bufferevent_socket_new(link->base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(link->tls);
	if (!ssl)
		return NULL;

	const bool numeric =
		inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, host, &number) == 1;
	const bool named =
		numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
			: SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;

	socket = named ? bufferevent_openssl_socket_new(link->base, -1, ssl,
							BUFFEREVENT_SSL_CONNECTING,
							BEV_OPT_CLOSE_ON_FREE)
		       : NULL;
	if (!socket)
		SSL_free(ssl);
	return socket;
}

static int connect_socket(struct redis_link *link)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	if (link->host)
		return bufferevent_socket_connect(link->socket, link->host->ai_addr,
						  (int)link->host->ai_addrlen);
	memcpy(local.sun_path, link->address.path, strlen(link->address.path) + 1);
	return bufferevent_socket_connect(link->socket, (struct sockaddr *)&local, sizeof(local));
}

static void connect_link(struct redis_link *link)
{
	const struct timeval tick = duration(TICK_MILLISECONDS);

	link->phase = CONNECTING;
	link->step = next_asked(link, STEP_AUTH);
	link->refused = false;
	link->began = milliseconds();
	event_add(link->tick, &tick);
	link->socket = make_socket(link);
	link->reader = make_reader(link);
	if (!link->socket || !link->reader) {
		lose(link, "cannot be asked: out of memory");
		return;
	}
	bufferevent_setcb(link->socket, on_read, NULL, on_event, link);
	bufferevent_enable(link->socket, EV_READ | EV_WRITE);
	/* It may have told on_event() already. */
	if (connect_socket(link) < 0 && link->socket)
		lose_unreached(link, EVUTIL_SOCKET_ERROR());
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connect_link(arg);
}

/* ---- Time ---- */

static bool is_over(const struct call_queue *queue, int64_t before)
{
	const struct call *call;

	/* Not in order, where a script was sent again. */
	TAILQ_FOREACH(call, queue, entry)
	{
		if (call->began <= before)
			return true;
	}
	return false;
}

/* Those that wait for a connection are in order. */
static void fail_waiting(struct redis_link *link, int64_t before)
{
	struct call_queue late = TAILQ_HEAD_INITIALIZER(late);
	char problem[sizeof(link->problem)];
	struct call *call;

	while ((call = TAILQ_FIRST(&link->waiting)) && call->began <= before) {
		TAILQ_REMOVE(&link->waiting, call, entry);
		TAILQ_INSERT_TAIL(&late, call, entry);
	}
	memcpy(problem, link->problem, sizeof(problem));
	fail_all(link, &late, problem);
}

/* Runs while something is waited for. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct redis_link *link = arg;
	const int64_t before = milliseconds() - STORE_SECONDS * 1000 + TICK_MILLISECONDS;
	const struct timeval tick = duration(TICK_MILLISECONDS);

	(void)fd;
	(void)what;
	if ((link->phase == CONNECTING && link->began <= before) || is_over(&link->sent, before))
		lose(link, link->tls && link->phase == CONNECTING
				   ? "does not answer, or does not speak TLS"
				   : "does not answer");
	fail_waiting(link, before);
	if (link->phase == CONNECTING || link->calls)
		event_add(link->tick, &tick);
}

/* ---- The link ---- */

static struct redis_link *make_link(struct event_base *base, const struct redis_address *address)
{
	struct redis_link *link = sodium_malloc(sizeof(*link));

	if (!link)
		return NULL;
	*link = (struct redis_link){.base = base, .address = *address};
	TAILQ_INIT(&link->waiting);
	TAILQ_INIT(&link->sent);
	link->tick = evtimer_new(base, on_tick, link);
	link->pause = evtimer_new(base, on_pause_over, link);
	return link;
}

/* Names are looked up here, where waiting is allowed, and not again. */
static bool find_host(struct redis_link *link, char *error, size_t error_size)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	int code;

	if (link->address.path[0]) {
		if (strlen(link->address.path) < sizeof((struct sockaddr_un){0}.sun_path))
			return true;
		(void)snprintf(error, error_size, "%s: too long for the path of a socket",
			       link->address.path);
		return false;
	}
	code = getaddrinfo(link->address.host, link->address.port, &hints, &link->hosts);
	link->host = link->hosts;
	if (code)
		(void)snprintf(error, error_size, "the store's server %s is not found: %s",
			       link->address.shown, gai_strerror(code));
	return code == 0;
}

static bool prepare_tls(struct redis_link *link, char *error, size_t error_size)
{
	const char *ca = link->address.ca;

	if (!link->address.tls)
		return true;
	link->tls = SSL_CTX_new(TLS_client_method());
	if (link->tls && SSL_CTX_set_min_proto_version(link->tls, TLS1_2_VERSION) == 1 &&
	    (ca[0] ? SSL_CTX_load_verify_locations(link->tls, ca, NULL)
		   : SSL_CTX_set_default_verify_paths(link->tls)) == 1) {
		SSL_CTX_set_verify(link->tls, SSL_VERIFY_PEER, NULL);
		return true;
	}
	(void)snprintf(error, error_size, "no certificates can be read from %s",
		       ca[0] ? ca : "the system's folder");
	return false;
}

/* A link of its own on a loop of its own: the other loop's events must not run yet. False with a
 * sentence where the server refuses for good; one that is away may come. */
static bool try_once(const struct redis_address *address, struct addrinfo *hosts, SSL_CTX *tls,
		     char *error, size_t error_size)
{
	struct event_base *base = event_base_new();
	struct redis_link *link = base ? make_link(base, address) : NULL;
	bool ok = true;

	if (link && link->tick && link->pause) {
		link->hosts = link->host = hosts;
		link->tls = tls;
		link->closing = true; /* once */
		connect_link(link);
		while (link->phase == CONNECTING && event_base_loop(base, EVLOOP_ONCE) == 0)
			;
		ok = !link->refused;
		if (!ok)
			(void)snprintf(error, error_size, "%s", link->problem);
		link->hosts = NULL;
		link->tls = NULL;
	}
	redis_link_close(link);
	if (base)
		event_base_free(base);
	return ok;
}

struct redis_link *redis_link_open(struct event_base *base, const struct redis_address *address,
				   char *error, size_t error_size)
{
	struct redis_link *link = make_link(base, address);

	(void)snprintf(error, error_size, "out of memory");
	if (link && link->tick && link->pause && find_host(link, error, error_size) &&
	    prepare_tls(link, error, error_size) &&
	    try_once(address, link->hosts, link->tls, error, error_size)) {
		connect_link(link);
		return link;
	}
	redis_link_close(link);
	return NULL;
}

void redis_link_close(struct redis_link *link)
{
	if (!link)
		return;
	link->closing = true;
	lose(link, "is not asked any more: the store is closed");
	if (link->tick)
		event_free(link->tick);
	if (link->pause)
		event_free(link->pause);
	if (link->hosts)
		freeaddrinfo(link->hosts);
	SSL_CTX_free(link->tls);
	sodium_free(link);
}

void redis_link_run(struct redis_link *link, struct redis_request *request, redis_done *done,
		    void *arg)
{
	struct call *call = NULL;

	if (!request->failed && !link->closing && link->calls < STORE_CALLS_MAX)
		call = calloc(1, sizeof(*call));
	if (!call) {
		free(request->bytes);
		done(NULL,
		     link->closing ? "the store is closed"
				   : "more calls are waiting than the store takes",
		     arg);
		return;
	}
	*call = (struct call){
		.began = milliseconds(), .request = *request, .done = done, .arg = arg};
	TAILQ_INSERT_TAIL(&link->waiting, call, entry);
	if (!link->calls++) {
		const struct timeval tick = duration(TICK_MILLISECONDS);

		event_add(link->tick, &tick);
	}
	if (link->phase == READY)
		send_waiting(link);
}

const char *redis_link_warning(const struct redis_link *link)
{
	if (link->phase != READY)
		return NULL;
	if (!link->told)
		return "the server does not say (CONFIG GET) whether its settings keep what is "
		       "stored:"
		       " appendonly yes, appendfsync always, maxmemory-policy noeviction";
	if (!link->appends || !link->syncs)
		return "what is stored can be lost when the server dies: it needs appendonly yes "
		       "and"
		       " appendfsync always";
	if (!link->keeps)
		return "the server may throw away what is stored: it needs maxmemory-policy"
		       " noeviction";
	return NULL;
}
