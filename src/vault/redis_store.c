/*
 * The Valkey and Redis store: each call is one run of redis.lua, all of it or nothing; this
 * file writes its arguments and reads its replies. One server, the primary: no cluster, and no
 * Sentinel that names another. How durable an answer is, the server's settings decide, which
 * redis_link.c looks at: appendonly yes and appendfsync always.
 */
#include "vault/redis.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
	struct redis_link *link;
};

struct call;

/* Reads items into the answer; false where they are not what was asked for. */
typedef bool read_items(redisReply *items, struct call *call, struct store_answer *answer);

struct call {
	struct store *store;
	store_done *done;
	void *arg;
	read_items *read;
	bool spends, finds;
	/* Where one run may not do all of it: what asks again. */
	void (*again)(struct store *store, int64_t now, store_done *done, void *arg);
	int64_t now;
	struct stored_grant *grants;
	struct revoked_session *revoked;
};

/* ---- Replies ---- */

static bool read_grants(redisReply *items, struct call *call, struct store_answer *answer)
{
	if (!items->elements)
		return true;
	call->grants = calloc(items->elements, sizeof(*call->grants));
	if (!call->grants)
		return false;
	for (size_t i = 0; i < items->elements; i++)
		if (!redis_row_read(items->element[i], &call->grants[i]))
			return false;
	answer->grant = call->grants;
	answer->count = items->elements;
	return true;
}

static bool read_counts(redisReply *items, struct call *call, struct store_answer *answer)
{
	(void)call;
	if (items->elements != GRANT_STATES)
		return false;
	for (size_t i = 0; i < GRANT_STATES; i++) {
		if (!redis_number_read(items->element[i], &answer->counts[i]))
			return false;
		if (answer->counts[i] == PK_TIME_UNKNOWN)
			answer->counts[i] = 0;
	}
	return true;
}

/* What was revoked begins with an 's' and is a session, or with a 'g' and is a grant's name. */
static bool read_revoked_one(redisReply *item, struct revoked_session *ret)
{
	if (item->type != REDIS_REPLY_ARRAY || item->elements != 3)
		return false;

	redisReply *what = item->element[0];

	if (what->type != REDIS_REPLY_STRING || !what->len ||
	    !redis_number_read(item->element[1], &ret->until) ||
	    !redis_number_read(item->element[2], &ret->expires_at))
		return false;
	if (what->str[0] == 'g')
		return redis_name_read(what->str + 1, what->len - 1, &ret->login, &ret->subject);
	if (what->str[0] != 's' || what->len != 1 + SESSION_ID)
		return false;
	memcpy(ret->id, what->str + 1, SESSION_ID);
	return true;
}

static bool read_revoked(redisReply *items, struct call *call, struct store_answer *answer)
{
	if (!items->elements)
		return true;
	call->revoked = calloc(items->elements, sizeof(*call->revoked));
	if (!call->revoked)
		return false;
	for (size_t i = 0; i < items->elements; i++)
		if (!read_revoked_one(items->element[i], &call->revoked[i]))
			return false;
	answer->revoked = call->revoked;
	answer->revoked_count = items->elements;
	return true;
}

static bool read_nothing(redisReply *items, struct call *call, struct store_answer *answer)
{
	(void)call;
	(void)answer;
	return items->elements == 0;
}

/* {result, number, items, more} */
static bool read_reply(redisReply *reply, struct call *call, struct store_answer *answer)
{
	int64_t result, more;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
	    !redis_number_read(reply->element[0], &result) ||
	    !redis_number_read(reply->element[1], &answer->number) ||
	    !redis_number_read(reply->element[3], &more) || result < VAULT_OK ||
	    result > VAULT_BUSY || reply->element[2]->type != REDIS_REPLY_ARRAY)
		return false;
	answer->result = (enum vault_result)result;
	answer->more = more == 1;
	if (call->finds && answer->result == VAULT_NONE)
		answer->result = VAULT_OK;
	if (call->spends) {
		if (answer->number < SPEND_FIRST || answer->number > SPEND_OTHER_CODE)
			return false;
		answer->spend = (enum spend_result)answer->number;
	}
	return call->read(reply->element[2], call, answer);
}

static void answer_down(const struct call *call, const char *problem)
{
	call->done(&(struct store_answer){.result = VAULT_DOWN,
					  .spend = SPEND_DOWN,
					  .problem = problem},
		   call->arg);
}

static void on_reply(redisReply *reply, const char *problem, void *arg)
{
	struct call *call = arg;
	struct store_answer answer = {0};

	if (!reply) {
		answer_down(call, problem);
	} else if (!read_reply(reply, call, &answer)) {
		answer_down(call, "the Valkey or Redis server answers with what this program did "
				  "not store there");
	} else if (call->again && answer.more) {
		call->again(call->store, call->now, call->done, call->arg);
	} else {
		call->done(&answer, call->arg);
	}
	free(call->grants);
	free(call->revoked);
	free(call);
}

/* ---- Calls ---- */

static void run(struct store *store, struct redis_request *request, const struct call *given)
{
	struct call *call = malloc(sizeof(*call));

	if (!call) {
		free(request->bytes);
		answer_down(given, "out of memory");
		return;
	}
	*call = *given;
	call->store = store;
	redis_link_run(store->link, request, on_reply, call);
}

static struct redis_request begin(const char *operation)
{
	struct redis_request request = {0};

	redis_text(&request, pk_str(operation));
	return request;
}

/* The operations on one grant begin with its name. */
static struct redis_request begin_grant(const char *operation, struct pk_str login,
					struct pk_str subject)
{
	struct redis_request request = begin(operation);

	redis_begin(&request);
	redis_name(&request, login, subject);
	return request;
}

static void add_bytes(struct redis_request *request, const uint8_t *bytes, size_t size)
{
	redis_text(request, (struct pk_str){(const char *)bytes, size});
}

static void redis_put(struct store *store, const struct stored_grant *grant, store_done *done,
		      void *arg)
{
	struct redis_request request = begin_grant("put", grant->login, grant->subject);

	redis_row_write(&request, grant);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_nothing});
}

static void redis_get(struct store *store, struct pk_str login, struct pk_str subject,
		      store_done *done, void *arg)
{
	struct redis_request request = begin_grant("get", login, subject);

	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_leave(struct store *store, struct pk_str login, struct pk_str subject,
			const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t now,
			bool again, store_done *done, void *arg)
{
	struct redis_request request = begin_grant(again ? "leave_again" : "leave", login, subject);

	add_bytes(&request, owner, LEASE_OWNER);
	redis_number(&request, seconds);
	redis_number(&request, now);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_delete(struct store *store, struct pk_str login, struct pk_str subject,
			 const uint8_t *owner, store_done *done, void *arg)
{
	struct redis_request request = begin_grant("delete", login, subject);

	add_bytes(&request, owner, owner ? LEASE_OWNER : 0);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_lease(struct store *store, struct pk_str login, struct pk_str subject,
			const uint8_t owner[static LEASE_OWNER], int64_t seconds, store_done *done,
			void *arg)
{
	struct redis_request request = begin_grant("lease", login, subject);

	add_bytes(&request, owner, LEASE_OWNER);
	redis_number(&request, seconds);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_renew(struct store *store, struct pk_str login, struct pk_str subject,
			const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t sent_at,
			store_done *done, void *arg)
{
	struct redis_request request = begin_grant("renew", login, subject);

	add_bytes(&request, owner, LEASE_OWNER);
	redis_number(&request, seconds);
	redis_time(&request, sent_at);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_finish(struct store *store, const struct stored_grant *grant,
			 const uint8_t owner[static LEASE_OWNER], store_done *done, void *arg)
{
	struct redis_request request = begin_grant("finish", grant->login, grant->subject);

	add_bytes(&request, owner, LEASE_OWNER);
	redis_row_write(&request, grant);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_reseal(struct store *store, const struct stored_grant *grant, store_done *done,
			 void *arg)
{
	struct redis_request request = begin_grant("reseal", grant->login, grant->subject);

	redis_row_write(&request, grant);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static int64_t bounded(size_t limit)
{
	return limit && limit < STORE_LIST_MAX ? (int64_t)limit : STORE_LIST_MAX;
}

static void redis_due(struct store *store, struct pk_str login, int64_t now, size_t limit,
		      store_done *done, void *arg)
{
	struct redis_request request = begin("due");

	redis_begin(&request);
	redis_escape(&request, login);
	redis_number(&request, now);
	redis_number(&request, bounded(limit));
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

/* ---- Lists: parts of sorted sets, in the order of bytes ---- */

/* As memcmp() orders texts: a shorter one before all that begin with it. */
static bool is_before(struct pk_str a, struct pk_str b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	return order ? order < 0 : a.len < b.len;
}

/* The argument begins with an escaped text, and all that begins with that stands before the end:
 * the two zero bytes that end a text become a zero and a one, which is in no name. */
static void end_behind(struct redis_request *request)
{
	if (!request->failed)
		request->bytes[request->len - 1] = '\1';
}

static void add_range(struct redis_request *request, struct pk_str login, struct pk_str after_login,
		      struct pk_str after_subject)
{
	redis_begin(request);
	if (after_login.ptr && !(login.ptr && is_before(after_login, login))) {
		redis_add(request, PK_STR("("));
		redis_name(request, after_login, after_subject);
	} else if (login.ptr) {
		redis_add(request, PK_STR("["));
		redis_escape(request, login);
	} else {
		redis_add(request, PK_STR("-"));
	}
	redis_begin(request);
	if (!login.ptr) {
		redis_add(request, PK_STR("+"));
		return;
	}
	redis_add(request, PK_STR("("));
	redis_escape(request, login);
	end_behind(request);
}

static void redis_list(struct store *store, struct pk_str login, struct pk_str after_login,
		       struct pk_str after_subject, size_t limit, store_done *done, void *arg)
{
	struct redis_request request = begin("list");

	redis_text(&request, PK_STR("grants"));
	redis_number(&request, 0);
	add_range(&request, login, after_login, after_subject);
	redis_number(&request, bounded(limit));
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_list_sealed(struct store *store, const uint8_t key[static KEY_ID],
			      struct pk_str after_login, struct pk_str after_subject, size_t limit,
			      store_done *done, void *arg)
{
	struct redis_request request = begin("list");

	redis_text(&request, PK_STR("sealed:"));
	redis_add(&request, (struct pk_str){(const char *)key, KEY_ID});
	redis_number(&request, 0);
	add_range(&request, (struct pk_str){0}, after_login, after_subject);
	redis_number(&request, bounded(limit));
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_grants});
}

static void redis_find(struct store *store, struct pk_str login, struct pk_str subject,
		       struct pk_str session, size_t limit, store_done *done, void *arg)
{
	const struct call call = {.done = done, .arg = arg, .read = read_grants, .finds = true};
	struct redis_request request;
	size_t before;

	if (!session.ptr) {
		request = begin_grant("get", login, subject);
		run(store, &request, &call);
		return;
	}
	request = begin("list");
	redis_text(&request, PK_STR("sessions"));
	/* how long the session is, escaped */
	before = request.len;
	redis_escape(&request, session);
	const size_t skip = request.len - before;

	request.len = request.end[request.count - 1] = before;
	redis_number(&request, (int64_t)skip);
	redis_begin(&request);
	redis_add(&request, PK_STR("["));
	redis_escape(&request, session);
	redis_name(&request, login, subject);
	redis_begin(&request);
	redis_add(&request, subject.ptr ? PK_STR("[") : PK_STR("("));
	redis_escape(&request, session);
	redis_name(&request, login, subject);
	if (!subject.ptr)
		end_behind(&request);
	redis_number(&request, bounded(limit));
	run(store, &request, &call);
}

static void redis_count(struct store *store, store_done *done, void *arg)
{
	struct redis_request request = begin("count");

	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_counts});
}

/* ---- Attempts and sessions ---- */

static void redis_spend(struct store *store, const uint8_t id[static ATTEMPT_ID],
			const uint8_t code_hash[static CODE_HASH], int64_t expires_at,
			store_done *done, void *arg)
{
	struct redis_request request = begin("spend");

	add_bytes(&request, id, ATTEMPT_ID);
	add_bytes(&request, code_hash, CODE_HASH);
	redis_number(&request, expires_at);
	run(store, &request,
	    &(struct call){.done = done, .arg = arg, .read = read_nothing, .spends = true});
}

static void redis_revoke(struct store *store, const struct revoked_session *session,
			 store_done *done, void *arg)
{
	struct redis_request request = begin("revoke");

	redis_begin(&request);
	if (session->login.ptr) {
		redis_add(&request, PK_STR("g"));
		redis_name(&request, session->login, session->subject);
	} else {
		redis_add(&request, PK_STR("s"));
		redis_add(&request, (struct pk_str){(const char *)session->id, SESSION_ID});
	}
	redis_number(&request, session->until);
	redis_number(&request, session->expires_at);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_nothing});
}

static void redis_revoked(struct store *store, int64_t cursor, int64_t now, store_done *done,
			  void *arg)
{
	struct redis_request request = begin("revoked");

	redis_number(&request, cursor);
	redis_number(&request, now);
	redis_number(&request, STORE_LIST_MAX);
	run(store, &request, &(struct call){.done = done, .arg = arg, .read = read_revoked});
}

/* A server has other things to do: it forgets a few at a time, until there are no more. */
static void redis_forget(struct store *store, int64_t now, store_done *done, void *arg)
{
	struct redis_request request = begin("forget");

	redis_number(&request, now);
	run(store, &request,
	    &(struct call){.done = done,
			   .arg = arg,
			   .read = read_nothing,
			   .again = redis_forget,
			   .now = now});
}

static const char *redis_warning(const struct store *store)
{
	return redis_link_warning(store->link);
}

/* ---- Opening ---- */

static struct store *redis_open(struct event_base *base, const char *address, char *error,
				size_t error_size)
{
	struct store *store = calloc(1, sizeof(*store));
	struct redis_address parsed;

	if (!store) {
		(void)snprintf(error, error_size, "out of memory");
		return NULL;
	}
	if (redis_address_parse(address, &parsed, error, error_size))
		store->link = redis_link_open(base, &parsed, error, error_size);
	sodium_memzero(&parsed, sizeof(parsed));
	if (store->link)
		return store;
	free(store);
	return NULL;
}

static void redis_close(struct store *store)
{
	if (!store)
		return;
	redis_link_close(store->link);
	free(store);
}

const struct store_ops store_redis = {
	.schemes = {"redis://", "rediss://", "redis+unix://"},
	.open = redis_open,
	.close = redis_close,
	.put = redis_put,
	.get = redis_get,
	.leave = redis_leave,
	.delete = redis_delete,
	.lease = redis_lease,
	.renew = redis_renew,
	.finish = redis_finish,
	.reseal = redis_reseal,
	.due = redis_due,
	.list = redis_list,
	.list_sealed = redis_list_sealed,
	.find = redis_find,
	.count = redis_count,
	.spend = redis_spend,
	.revoke = redis_revoke,
	.revoked = redis_revoked,
	.forget = redis_forget,
	.warning = redis_warning,
};
