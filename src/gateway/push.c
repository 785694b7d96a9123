/*
 * CALL_PUSH: an authorize request goes to the provider ahead, under the client's own proof (RFC 9126),
 * and the browser is sent there with a reference to it. What the front names is checked by the library
 * as for any authorize URL.
 */
#include "base/arena.h"
#include "base/err.h"
#include "gateway/keeper.h"
#include "gateway/upstream.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PUSHED_URL_MAX 4096

struct push {
	struct job job;
	const struct login_settings *of_settings;
	struct login_settings login;
	struct published_wait wait;
	struct pk_str state, nonce;
	struct pk_challenge challenge;
	struct pk_arena arena;
	unsigned char memory[2 * PK_ARENA_LOGIN];
};

static void end(struct push *push)
{
	keeper_job_end(&push->job);
	pk_arena_wipe(&push->arena);
	sodium_memzero(push, offsetof(struct push, memory));
	free(push);
}

static void fail(struct push *push, const struct failure *failure)
{
	keeper_answer_failure(push->job.link, push->job.number, failure);
	end(push);
}

static void refuse(struct push *push, const struct pk_why *why)
{
	const struct failure failure = keeper_failure(why);

	fail(push, &failure);
}

static enum pk_err read_reply(struct push *push, const struct pk_http_reply *reply,
			      struct pk_buf *url, struct pk_why *why)
{
	struct pk_str request_uri;
	int64_t expires_at;

	TRY(pk_par_reply(&push->arena, &push->login.login, reply, time(NULL), &request_uri,
			 &expires_at, why));
	return pk_authorize_url_pushed(&push->login.login, request_uri, url, why);
}

static void on_pushed(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct push *push = arg;
	char memory[PUSHED_URL_MAX], message_memory[PUSHED_URL_MAX + 64];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	struct pk_buf message = pk_buf(message_memory, sizeof(message_memory));
	struct pk_why why = {0};

	if (!reply) {
		fail(push, &(const struct failure){.fault = PK_STR("provider-unreachable"),
						   .detail = pk_str(problem)});
		return;
	}
	if (read_reply(push, reply, &url, &why) != PK_OK) {
		refuse(push, &why);
		return;
	}
	keeper_answer_begin(&message, push->job.number, true);
	message_put_str(&message, pk_buf_str(&url));
	keeper_answer_send(push->job.link, &message);
	end(push);
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct push *push = arg;
	struct pk_http_request request;
	struct pk_why why = {0};

	if (failure)
		fail(push, failure);
	else if (pk_space(&why, keeper_login_take(push->of_settings, dialect_text, &push->arena,
						  &push->login)) != PK_OK ||
		 pk_par_request(&push->arena, &push->login.login, push->login.secret, push->state,
				push->nonce, &push->challenge, &request, &why) != PK_OK)
		refuse(push, &why);
	else
		upstream_send(push->job.keeper, UPSTREAM_PUSH, &push->login.login, &request,
			      on_pushed, push);
}

static enum pk_err keep_call(struct push *push, struct message_reader *in)
{
	const struct pk_str state = message_str(in, MESSAGE_MAX);
	const struct pk_str nonce = message_str(in, CALL_TEXT_MAX);
	const struct pk_str challenge = message_str(in, sizeof(push->challenge.text));

	if (!message_done(in))
		return PK_ERR_ARGUMENT;
	TRY(pk_arena_copy(&push->arena, state, &push->state));
	if (nonce.len)
		TRY(pk_arena_copy(&push->arena, nonce, &push->nonce));
	memcpy(push->challenge.text, challenge.ptr, challenge.len);
	push->challenge.len = challenge.len;
	return PK_OK;
}

void keeper_push(struct keeper *keeper, struct link *link, uint64_t number,
		 struct message_reader *in)
{
	const struct failure odd = {.fault = PK_STR("keeper-unavailable"),
				    .detail = PK_STR("the keeper did not understand the front")};
	const struct login_settings *login =
		settings_login(keeper->settings, message_str(in, CALL_TEXT_MAX));
	struct push *push = login ? calloc(1, sizeof(*push)) : NULL;

	if (!push) {
		keeper_answer_failure(link, number, &odd);
		return;
	}
	keeper_job_begin(keeper, &push->job, link, number);
	push->of_settings = login;
	push->arena = pk_arena(push->memory, sizeof(push->memory));
	if (keep_call(push, in) != PK_OK)
		fail(push, &odd);
	else
		keeper_login(keeper, login, &push->wait, on_login, push);
}
