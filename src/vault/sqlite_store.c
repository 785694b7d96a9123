/*
 * The SQLite store: a queue, because one disk write takes as long as a hundred. Calls that come in
 * one turn of the event loop are one transaction, and are answered when it is on the disk. Another
 * process that is writing is waited for without blocking. Reads have a queue of their own: in
 * write-ahead mode nobody makes them wait.
 */
#include "vault/sqlite_calls.h"
#include "vault/sqlite_schema.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 256           /* writes of one transaction, reads of one turn */
#define PAUSE_MICROSECONDS 5000 /* while another process writes */

TAILQ_HEAD(call_queue, sqlite_call);

struct store {
	struct sqlite_database database;
	struct event *turn;
	struct call_queue reads, writes;
	size_t waiting;
	bool closing;
};

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Calls wait ---- */

static struct pk_str copy(char **at, struct pk_str text)
{
	const struct pk_str ret = {text.ptr ? *at : NULL, text.len};

	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return ret;
}

/* Every text of a call. */
#define CALL_TEXTS 12
static void list_texts(struct sqlite_call *call, struct pk_str *ret[static CALL_TEXTS])
{
	struct stored_grant *grant = &call->grant;
	struct pk_str *const texts[CALL_TEXTS] = {
		&grant->login,         &grant->subject,      &grant->access_token,
		&grant->refresh_token, &grant->id_token,     &grant->scope,
		&grant->session,       &grant->fault,        &call->after_login,
		&call->after_subject,  &call->revoked.login, &call->revoked.subject,
	};

	memcpy(ret, texts, sizeof(texts));
}

static struct sqlite_call *copy_call(const struct sqlite_call *from)
{
	const size_t rows = from->op == OP_REVOKED ? from->limit : 0;
	const size_t head = sizeof(*from) + rows * sizeof(struct revoked_session);
	struct sqlite_call original = *from, *call;
	struct pk_str *texts[CALL_TEXTS];
	size_t size = 0;
	char *at;

	list_texts(&original, texts);
	for (size_t i = 0; i < CALL_TEXTS; i++)
		size += texts[i]->len;
	call = malloc(head + size + 1);
	if (!call)
		return NULL;
	*call = original;
	at = (char *)call + head;
	list_texts(call, texts);
	for (size_t i = 0; i < CALL_TEXTS; i++)
		*texts[i] = copy(&at, *texts[i]);
	return call;
}

static void answer_down(store_done *done, void *arg, const char *problem)
{
	done(&(struct store_answer){.result = VAULT_DOWN, .spend = SPEND_DOWN, .problem = problem},
	     arg);
}

/* Puts a call into its queue, to be run when the other events of the loop's next turn, which may
 * bring more calls, have had theirs. */
static void add(struct store *store, const struct sqlite_call *given)
{
	struct sqlite_call *call = NULL;

	if (!store->closing && store->waiting < STORE_CALLS_MAX)
		call = copy_call(given);
	if (!call) {
		answer_down(given->done, given->arg,
			    store->closing ? "the store is closed"
					   : "more calls are waiting than the store takes");
		return;
	}
	call->began = milliseconds();
	TAILQ_INSERT_TAIL(sqlite_call_writes(call->op) ? &store->writes : &store->reads, call,
			  entry);
	store->waiting++;
	(void)event_add(store->turn, &(struct timeval){0, 0});
}

/* ---- Calls are run ---- */

/* Takes the call off its queue and answers it; what it holds goes. */
static void answer(struct store *store, struct call_queue *queue, struct sqlite_call *call)
{
	TAILQ_REMOVE(queue, call, entry);
	store->waiting--;
	call->done(&call->answer, call->arg);
	sqlite_call_clear(call);
	free(call);
}

static void fail(struct store *store, struct sqlite_call *call)
{
	sqlite_call_clear(call);
	call->answer = (struct store_answer){
		.result = VAULT_DOWN, .spend = SPEND_DOWN, .problem = store->database.problem};
}

static bool is_busy(const struct store *store)
{
	return (store->database.code & 0xff) == SQLITE_BUSY;
}

/* False where SQLite did not do it, which was noted. */
static bool execute(struct store *store, const char *sql)
{
	const int code = sqlite3_exec(store->database.handle, sql, NULL, NULL, NULL);

	if (code != SQLITE_OK)
		sqlite_note_problem(&store->database, code);
	return code == SQLITE_OK;
}

/* Runs the first `count` writes as one transaction. False where it came to nothing; the database is
 * as before then. */
static bool run_transaction(struct store *store, size_t count)
{
	struct sqlite_call *call;
	size_t ran = 0;
	bool ok = execute(store, "BEGIN IMMEDIATE");

	if (!ok)
		return false;
	TAILQ_FOREACH(call, &store->writes, entry)
	{
		if (ran++ == count || !ok)
			break;
		ok = sqlite_call_run(&store->database, call);
	}
	if (ok && execute(store, "COMMIT"))
		return true;
	/* After some failures SQLite has done that itself. */
	(void)sqlite3_exec(store->database.handle, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* Answers the first `count` writes; what they ask in return comes behind them. */
static void answer_writes(struct store *store, size_t count)
{
	while (count--)
		answer(store, &store->writes, TAILQ_FIRST(&store->writes));
}

/* One call that cannot be stored must not take others with it: they are tried one by one then. */
static bool run_writes(struct store *store, size_t count)
{
	if (run_transaction(store, count)) {
		answer_writes(store, count);
		return true;
	}
	if (is_busy(store))
		return false;
	if (count == 1) {
		fail(store, TAILQ_FIRST(&store->writes));
		answer_writes(store, 1);
		return true;
	}
	while (count--)
		if (!run_writes(store, 1))
			return false;
	return true;
}

static bool run_reads(struct store *store, size_t count)
{
	while (count--) {
		struct sqlite_call *call = TAILQ_FIRST(&store->reads);

		if (!sqlite_call_run(&store->database, call)) {
			if (is_busy(store))
				return false;
			fail(store, call);
		}
		answer(store, &store->reads, call);
	}
	return true;
}

static size_t count_first(const struct call_queue *queue)
{
	const struct sqlite_call *call;
	size_t count = 0;

	TAILQ_FOREACH(call, queue, entry)
	{
		if (++count == BATCH_MAX)
			break;
	}
	return count;
}

/* Gives up those that have waited too long, all of them where `before` is INT64_MAX. */
static void give_up(struct store *store, struct call_queue *queue, int64_t before)
{
	struct sqlite_call *call;

	while ((call = TAILQ_FIRST(queue)) && call->began <= before) {
		fail(store, call);
		answer(store, queue, call);
	}
}

/* Runs what is waiting now, up to a batch of each kind. False where another process is in the way of
 * either. */
static bool run_some(struct store *store)
{
	const size_t reads = count_first(&store->reads), writes = count_first(&store->writes);
	const bool read = run_reads(store, reads);

	return (!writes || run_writes(store, writes)) && read;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct store *store = arg;
	const int64_t too_old = milliseconds() - STORE_SECONDS * 1000;

	(void)fd;
	(void)what;
	if (!run_some(store)) {
		give_up(store, &store->reads, too_old);
		give_up(store, &store->writes, too_old);
		(void)event_add(store->turn, &(struct timeval){0, PAUSE_MICROSECONDS});
	} else if (store->waiting) {
		(void)event_add(store->turn, &(struct timeval){0, 0});
	}
}

/* ---- Opening ---- */

/* Makes an empty file, which SQLite then fills, because SQLite's own would be readable to others;
 * its log takes the mode over. One that exists is not even opened: closing it again would take the
 * locks away that SQLite may hold on it in this process. */
static bool make_file(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST;
	return close(fd) == 0;
}

static bool open_database(struct sqlite_database *database, const char *path, char *error,
			  size_t error_size)
{
	char full[PATH_MAX];
	/* A relative path must not be taken for one of SQLite's words: ":memory:", "file:...". */
	const int len = snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? "" : "./", path);

	if (len < 0 || (size_t)len >= sizeof(full))
		(void)snprintf(error, error_size, "%s", strerror(ENAMETOOLONG));
	else if (!make_file(full))
		(void)snprintf(error, error_size, "%s", strerror(errno));
	else if (sqlite3_open_v2(full, &database->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		(void)snprintf(error, error_size, "%s", sqlite3_errmsg(database->handle));
	else if (sqlite_schema_prepare(database->handle, error, error_size)) {
		if (sqlite_prepare(database) &&
		    sqlite3_busy_timeout(database->handle, 0) == SQLITE_OK)
			return true;
		(void)snprintf(error, error_size, "%s", sqlite3_errmsg(database->handle));
	}
	return false;
}

static void store_free(struct store *store)
{
	if (store->turn)
		event_free(store->turn);
	sqlite_finalize(&store->database);
	(void)sqlite3_close(store->database.handle);
	free(store);
}

static struct store *store_open(struct event_base *base, const char *address, char *error,
				size_t error_size)
{
	const char *path = strchr(address, ':') + 1;
	struct store *store = calloc(1, sizeof(*store));
	char problem[160] = "out of memory";

	if (store) {
		TAILQ_INIT(&store->reads);
		TAILQ_INIT(&store->writes);
		store->turn = event_new(base, -1, 0, on_turn, store);
		if (store->turn && open_database(&store->database, path, problem, sizeof(problem)))
			return store;
		store_free(store);
	}
	(void)snprintf(error, error_size, "vault %s: %s", path, problem);
	return NULL;
}

/* What was asked for is still done, unless another process is in the way. */
static void store_close(struct store *store)
{
	if (!store)
		return;
	store->closing = true;
	while (store->waiting && run_some(store))
		;
	give_up(store, &store->reads, INT64_MAX);
	give_up(store, &store->writes, INT64_MAX);
	store_free(store);
}

/* ---- The calls ---- */

static size_t bounded(size_t limit)
{
	return limit && limit < STORE_LIST_MAX ? limit : STORE_LIST_MAX;
}

static void sqlite_put(struct store *store, const struct stored_grant *grant, store_done *done,
		       void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_PUT, .done = done, .arg = arg, .grant = *grant});
}

static void sqlite_get(struct store *store, struct pk_str login, struct pk_str subject,
		       store_done *done, void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_GET,
					 .done = done,
					 .arg = arg,
					 .grant = {.login = login, .subject = subject}});
}

static void sqlite_leave(struct store *store, struct pk_str login, struct pk_str subject,
			 const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t now,
			 bool again, store_done *done, void *arg)
{
	struct sqlite_call call = {.op = OP_LEAVE,
				   .done = done,
				   .arg = arg,
				   .grant = {.login = login, .subject = subject},
				   .seconds = seconds,
				   .time = now,
				   .again = again};

	memcpy(call.id, owner, LEASE_OWNER);
	add(store, &call);
}

static void sqlite_delete(struct store *store, struct pk_str login, struct pk_str subject,
			  const uint8_t *owner, store_done *done, void *arg)
{
	struct sqlite_call call = {.op = OP_DELETE,
				   .done = done,
				   .arg = arg,
				   .grant = {.login = login, .subject = subject},
				   .owned = owner};

	if (owner)
		memcpy(call.id, owner, LEASE_OWNER);
	add(store, &call);
}

static void sqlite_lease(struct store *store, struct pk_str login, struct pk_str subject,
			 const uint8_t owner[static LEASE_OWNER], int64_t seconds, store_done *done,
			 void *arg)
{
	struct sqlite_call call = {.op = OP_LEASE,
				   .done = done,
				   .arg = arg,
				   .grant = {.login = login, .subject = subject},
				   .seconds = seconds};

	memcpy(call.id, owner, LEASE_OWNER);
	add(store, &call);
}

static void sqlite_renew(struct store *store, struct pk_str login, struct pk_str subject,
			 const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t sent_at,
			 store_done *done, void *arg)
{
	struct sqlite_call call = {.op = OP_RENEW,
				   .done = done,
				   .arg = arg,
				   .grant = {.login = login, .subject = subject},
				   .seconds = seconds,
				   .time = sent_at};

	memcpy(call.id, owner, LEASE_OWNER);
	add(store, &call);
}

static void sqlite_finish(struct store *store, const struct stored_grant *grant,
			  const uint8_t owner[static LEASE_OWNER], store_done *done, void *arg)
{
	struct sqlite_call call = {.op = OP_FINISH, .done = done, .arg = arg, .grant = *grant};

	memcpy(call.id, owner, LEASE_OWNER);
	add(store, &call);
}

static void sqlite_reseal(struct store *store, const struct stored_grant *grant, store_done *done,
			  void *arg)
{
	add(store,
	    &(struct sqlite_call){.op = OP_RESEAL, .done = done, .arg = arg, .grant = *grant});
}

static void sqlite_due(struct store *store, struct pk_str login, int64_t now, size_t limit,
		       store_done *done, void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_DUE,
					 .done = done,
					 .arg = arg,
					 .grant = {.login = login},
					 .time = now,
					 .limit = bounded(limit)});
}

static void sqlite_list(struct store *store, struct pk_str login, struct pk_str after_login,
			struct pk_str after_subject, size_t limit, store_done *done, void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_LIST,
					 .done = done,
					 .arg = arg,
					 .grant = {.login = login},
					 .after_login = after_login,
					 .after_subject = after_subject,
					 .limit = bounded(limit)});
}

static void sqlite_list_sealed(struct store *store, const uint8_t key[static KEY_ID],
			       struct pk_str after_login, struct pk_str after_subject, size_t limit,
			       store_done *done, void *arg)
{
	struct sqlite_call call = {.op = OP_LIST_SEALED,
				   .done = done,
				   .arg = arg,
				   .after_login = after_login,
				   .after_subject = after_subject,
				   .limit = bounded(limit)};

	memcpy(call.grant.key, key, KEY_ID);
	add(store, &call);
}

static void sqlite_find(struct store *store, struct pk_str login, struct pk_str subject,
			struct pk_str session, size_t limit, store_done *done, void *arg)
{
	add(store,
	    &(struct sqlite_call){.op = OP_FIND,
				  .done = done,
				  .arg = arg,
				  .grant = {.login = login, .subject = subject, .session = session},
				  .limit = bounded(limit)});
}

static void sqlite_count(struct store *store, store_done *done, void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_COUNT, .done = done, .arg = arg});
}

static void sqlite_spend(struct store *store, const uint8_t id[static ATTEMPT_ID],
			 const uint8_t code_hash[static CODE_HASH], int64_t expires_at,
			 store_done *done, void *arg)
{
	struct sqlite_call call = {.op = OP_SPEND, .done = done, .arg = arg, .time = expires_at};

	memcpy(call.id, id, ATTEMPT_ID);
	memcpy(call.code_hash, code_hash, CODE_HASH);
	add(store, &call);
}

static void sqlite_revoke(struct store *store, const struct revoked_session *session,
			  store_done *done, void *arg)
{
	add(store,
	    &(struct sqlite_call){.op = OP_REVOKE, .done = done, .arg = arg, .revoked = *session});
}

static void sqlite_revoked(struct store *store, int64_t cursor, int64_t now, store_done *done,
			   void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_REVOKED,
					 .done = done,
					 .arg = arg,
					 .cursor = cursor,
					 .time = now,
					 .limit = STORE_LIST_MAX});
}

static void sqlite_forget(struct store *store, int64_t now, store_done *done, void *arg)
{
	add(store, &(struct sqlite_call){.op = OP_FORGET, .done = done, .arg = arg, .time = now});
}

const struct store_ops store_sqlite = {
	.schemes = {"sqlite:"},
	.open = store_open,
	.close = store_close,
	.put = sqlite_put,
	.get = sqlite_get,
	.leave = sqlite_leave,
	.delete = sqlite_delete,
	.lease = sqlite_lease,
	.renew = sqlite_renew,
	.finish = sqlite_finish,
	.reseal = sqlite_reseal,
	.due = sqlite_due,
	.list = sqlite_list,
	.list_sealed = sqlite_list_sealed,
	.find = sqlite_find,
	.count = sqlite_count,
	.spend = sqlite_spend,
	.revoke = sqlite_revoke,
	.revoked = sqlite_revoked,
	.forget = sqlite_forget,
};
