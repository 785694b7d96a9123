/*
 * The keeper's process: its start, its connections, its calls. The calls are the table below, a
 * file each.
 */
#include "gateway/keeper.h"
#include "base/text.h"
#include "gateway/child.h"
#include "gateway/log.h"
#include "gateway/refresh.h"
#include "gateway/upstream.h"
#include "gateway/wiping.h"
#include "io/confine.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWERS_MAX ((size_t)CALLS_MAX * MESSAGE_MAX) /* bytes that wait for one link */

static void on_pong(const struct vault_answer *answer, void *arg)
{
	struct job *job = arg;
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_answer_begin(&message, job->number, answer->result == VAULT_OK);
	keeper_answer_send(job->link, &message);
	keeper_job_end(job);
	free(job);
}

/* Whether the store answers: it is asked something that it has at hand. */
static void answer_ping(struct keeper *keeper, struct link *link, uint64_t number,
			struct message_reader *in)
{
	struct job *job = malloc(sizeof(*job));

	(void)in;
	if (!job) {
		log_text("error", "keeper.call", "out of memory");
		return;
	}
	keeper_job_begin(keeper, job, link, number);
	vault_revoked(keeper->vault, keeper->revoked_cursor, time(NULL), on_pong, job);
}

/* Who else makes a call than the one that it is for is not who it should be. */
/* clang-format off */
static const struct {
	keeper_call *answer;
	enum role from;
} calls[CALL__MAX] = {
	[CALL_REDEEM]   = {keeper_redeem,   ROLE_FRONT},
	[CALL_METADATA] = {keeper_metadata, ROLE_FRONT},
	[CALL_PUSH]     = {keeper_push,     ROLE_FRONT},
	[CALL_LOGOUT]   = {keeper_logout,   ROLE_FRONT},
	[CALL_BACKCHANNEL] = {keeper_backchannel, ROLE_FRONT},
	[CALL_PING]     = {answer_ping,     ROLE_FRONT},
	[CALL_TOKEN]    = {keeper_token,    ROLE_BROKER},
	[CALL_REFRESH]  = {keeper_refresh,  ROLE_BROKER},
	[CALL_GRANTS]   = {keeper_grants,   ROLE_BROKER},
	[CALL_REVOKE]   = {keeper_revoke,   ROLE_BROKER},
};
/* clang-format on */

void keeper_job_begin(struct keeper *keeper, struct job *job, struct link *link, uint64_t number)
{
	*job = (struct job){.keeper = keeper, .link = link, .number = number};
	LIST_INSERT_HEAD(&keeper->jobs, job, entry);
}

void keeper_job_end(struct job *job)
{
	struct keeper *keeper = job->keeper;

	LIST_REMOVE(job, entry);
	if (keeper->stopping && LIST_EMPTY(&keeper->jobs))
		event_base_loopbreak(keeper->base);
}

void keeper_answer_begin(struct pk_buf *message, uint64_t number, bool well)
{
	message_put_number(message, number);
	message_put_number(message, well);
}

static const char *name_of(const struct link *link)
{
	return link->role == ROLE_BROKER ? "broker" : "front";
}

/* Many answers may be due at one moment, to all who waited for one token: they wait for room. The
 * bound is what all calls that may be under way can come to, so whoever is over it does not read,
 * or asks more than it may. Its link ends, in the event loop: callers still use it. */
void keeper_answer_send(struct link *link, const struct pk_buf *message)
{
	if (!link)
		return;
	if (message->overflow) {
		log_text("error", "keeper.answer", "an answer to a %s is too long", name_of(link));
	} else if (!message_queue_send(&link->answers, pk_buf_str(message))) {
		log_text("warn", "keeper.answer", "a %s does not take its answers", name_of(link));
		(void)shutdown(link->fd, SHUT_RDWR);
	}
}

void keeper_answer_failure(struct link *link, uint64_t number, const struct failure *failure)
{
	char memory[4096 + EXPLANATION_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_answer_begin(&message, number, false);
	message_put_str(&message, failure->fault);
	message_put_str(&message, failure->detail);
	message_put_str(&message, failure->provider_error);
	message_put_str(&message, failure->provider_text);
	message_put_str(&message, failure->explanation);
	keeper_answer_send(link, &message);
}

struct failure keeper_failure(const struct pk_why *why)
{
	const char *fault = pk_err_info(why->err)->fault;

	return (struct failure){
		.fault = pk_str(fault[0] ? fault : "provider-error"),
		.detail = pk_str(why->detail),
		.provider_error = pk_str(why->provider_error),
		.provider_text = pk_str(why->provider_text),
	};
}

void keeper_answer_refusal(struct link *link, uint64_t number, const struct pk_why *why)
{
	const struct failure failure = keeper_failure(why);

	keeper_answer_failure(link, number, &failure);
}

static void hang_up(struct link *link)
{
	struct job *job;

	LIST_FOREACH(job, &link->keeper->jobs, entry)
	{
		if (job->link == link)
			job->link = NULL;
	}
	LIST_REMOVE(link, entry);
	message_queue_end(&link->answers);
	event_free(link->readable);
	close(link->fd);
	free(link);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static char memory[MESSAGE_MAX];
	struct link *link = arg;
	struct pk_str message;

	(void)what;
	switch (message_receive(fd, memory, &message, NULL)) {
	case MESSAGE_NONE:
		return;
	case MESSAGE_CLOSED:
		hang_up(link);
		return;
	case MESSAGE_GOT:
		break;
	}

	struct message_reader in = message_reader(message);
	const uint64_t call = message_number(&in);
	const uint64_t number = message_number(&in);

	if (call < CALL__MAX && calls[call].answer && calls[call].from == link->role) {
		calls[call].answer(link->keeper, link, number, &in);
	} else {
		log_text("error", "keeper.call", "a %s made a call that is none of its",
			 name_of(link));
		hang_up(link);
	}
	sodium_memzero(memory, message.len);
}

static void add_link(struct keeper *keeper, enum role role, int fd)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link)
		link->readable =
			event_new(keeper->base, fd, EV_READ | EV_PERSIST, on_readable, link);
	if (!link || !link->readable ||
	    !message_queue_begin(&link->answers, keeper->base, fd, ANSWERS_MAX) ||
	    event_add(link->readable, NULL) != 0) {
		log_text("error", "keeper.link", "nobody can be connected: out of memory");
		if (link)
			message_queue_end(&link->answers);
		if (link && link->readable)
			event_free(link->readable);
		free(link);
		close(fd);
		return;
	}
	link->keeper = keeper;
	link->role = role;
	link->fd = fd;
	LIST_INSERT_HEAD(&keeper->links, link, entry);
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;
	char memory[MESSAGE_MAX];
	struct pk_str message;
	int link = -1;

	(void)what;
	switch (message_receive(fd, memory, &message, &link)) {
	case MESSAGE_GOT:
		if (link >= 0)
			add_link(keeper,
				 pk_str_equal(message, PK_STR(CONTROL_BROKER)) ? ROLE_BROKER
									       : ROLE_FRONT,
				 link);
		break;
	case MESSAGE_NONE:
		break;
	case MESSAGE_CLOSED:
		event_base_loopbreak(keeper->base);
		break;
	}
}

/* SIGTERM comes when all fronts are gone: what they asked for is finished, since codes that were
 * sent cannot be sent again. */
static void on_terminate(evutil_socket_t signal, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)signal;
	(void)what;
	keeper->stopping = true;
	if (LIST_EMPTY(&keeper->jobs))
		event_base_loopbreak(keeper->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	keeper->ticks++;
	keeper_sessions_tick(keeper);
	keeper_measure_tick(keeper);
}

void keeper_ready(struct keeper *keeper)
{
	if (keeper->ready)
		return;
	keeper->ready = message_send(CHILD_CONTROL, PK_STR(CONTROL_READY), -1);
	if (!keeper->ready)
		event_base_loopbreak(keeper->base);
}

/* Blocks for the longest reply there may be are used a few pages deep. As pages of their own they
 * take no more than that, and leave nothing behind; malloc would move them into the heap once the
 * first was freed. */
#define OWN_PAGES_FROM 65536 /* bytes */

static bool set_up(struct keeper *keeper)
{
	char store[STORE_MAX + 1], error[256] = "";

	/* Where the allocator has no such setting, as a sanitizer's has not, it costs memory alone. */
	(void)mallopt(M_MMAP_THRESHOLD, OWN_PAGES_FROM);
	/* It holds tokens while they are read. */
	json_set_alloc_funcs(malloc, wiping_free);
	LIST_INIT(&keeper->links);
	LIST_INIT(&keeper->jobs);
	LIST_INIT(&keeper->endings);
	LIST_INIT(&keeper->asked);
	LIST_INIT(&keeper->revocations);
	LIST_INIT(&keeper->farewells);
	LIST_INIT(&keeper->refreshing.all);
	keeper->settings = child_settings(ROLE_KEEPER);
	if (!keeper->settings) {
		log_text("error", "keeper.start", "cannot start: %s", strerror(errno));
		return false;
	}
	keeper->base = event_base_new();
	keeper->client = keeper->base ? http_client_new(keeper->base) : NULL;
	keeper->revoked = revoked_map(CHILD_REVOKED, true);
	keeper->metrics = metrics_map(CHILD_METRICS);
	close(CHILD_METRICS);
	if (!keeper->revoked || !keeper->metrics || !keeper->client) {
		log_text("error", "keeper.start", "cannot start: %s", strerror(errno));
		return false;
	}
	(void)snprintf(store, sizeof(store), "%.*s", PK_ARG(keeper->settings->store));
	keeper->vault = vault_open_store(keeper->base, store, keeper->settings->vault_keys.key,
					 keeper->settings->vault_keys.count, error, sizeof(error));
	if (!keeper->vault) {
		log_text("error", "keeper.store", "%s", error);
		return false;
	}
	for (size_t i = 0; i < keeper->settings->login_count; i++) {
		const struct login_settings *login = &keeper->settings->login[i];

		published_init(&keeper->metadata[i], keeper, &metadata_kind, login);
		published_init(&keeper->keys[i], keeper, &provider_keys_kind, login);
	}
	return true;
}

/* Files that stay reachable: the directory of an embedded store. */
static bool confine(const struct keeper *keeper)
{
	char path[STORE_MAX + 1], missing[128] = "";
	struct pk_str store = keeper->settings->store;
	struct confine_path paths[1] = {{path, true}};
	size_t count = 0;

	if (pk_str_starts(store, PK_STR("sqlite:"))) {
		(void)snprintf(path, sizeof(path), "%.*s", PK_ARG(pk_str_from(store, 7)));

		char *slash = strrchr(path, '/');

		(void)snprintf(slash ? slash + (slash == path) : path, 2, "%s", slash ? "" : ".");
		count = 1;
	}
	if (!confine_keeper(paths, count, missing, sizeof(missing))) {
		log_text("error", "keeper.start", "cannot be confined: %s", strerror(errno));
		return false;
	}
	if (missing[0])
		log_text("warn", "keeper.start", "this kernel does not offer: %s", missing);
	return true;
}

static void tear_down(struct keeper *keeper)
{
	if (keeper->revoked)
		keeper_end_replaced(keeper, true);
	while (!LIST_EMPTY(&keeper->links))
		hang_up(LIST_FIRST(&keeper->links));
	keeper->refreshing.stopped = true;
	refresh_due_end(keeper);
	keeper_measure_end(keeper);
	keeper_reseal_end(keeper);
	revocations_free(keeper);
	/* Answers calls, which may send what goes with the client. */
	vault_close(&keeper->vault);
	http_client_free(keeper->client);
	upstream_free(keeper);
	for (size_t i = 0; i < LOGINS_MAX; i++) {
		published_free(&keeper->metadata[i]);
		published_free(&keeper->keys[i]);
	}
	refresh_free(keeper);
	farewells_free(keeper);
	revoked_unmap(keeper->revoked);
	metrics_unmap(keeper->metrics);
	child_settings_free(keeper->settings);
}

int keeper_main(void)
{
	static struct keeper keeper;
	struct event *control = NULL, *terminate = NULL, *tick = NULL;
	int status = 1;

	log_process("keeper");
	if (!set_up(&keeper) || !confine(&keeper))
		goto out;
	control = event_new(keeper.base, CHILD_CONTROL, EV_READ | EV_PERSIST, on_control, &keeper);
	terminate = evsignal_new(keeper.base, SIGTERM, on_terminate, &keeper);
	tick = event_new(keeper.base, -1, EV_PERSIST, on_tick, &keeper);
	if (!control || !terminate || !tick || event_add(control, NULL) != 0 ||
	    event_add(terminate, NULL) != 0 || event_add(tick, &(struct timeval){1, 0}) != 0 ||
	    !refresh_due_begin(&keeper) || !keeper_reseal_begin(&keeper))
		goto out;
	keeper_sessions_begin(&keeper);
	keeper_measure_begin(&keeper);
	event_base_dispatch(keeper.base);
	status = !keeper.ready;
out:
	if (control)
		event_free(control);
	if (terminate)
		event_free(terminate);
	if (tick)
		event_free(tick);
	tear_down(&keeper);
	if (keeper.base)
		event_base_free(keeper.base);
	return status;
}
