/*
 * CALL_METADATA, and the dialects of logins that name an issuer and no endpoints: made from what the
 * provider says of itself (RFC 8414, OpenID Connect Discovery 1.0), kept an hour, and a day longer
 * where the provider does not answer. What is kept is the dialect as text, which is what the fronts
 * are told too, so that both sides of a login read the same.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/keeper.h"

#include <stdlib.h>

/* A front takes it in one message, with a few numbers. */
#define DIALECT_TEXT_MAX (MESSAGE_MAX - 1024)

static enum pk_err make_request(struct pk_arena *arena, const struct pk_login *login,
				unsigned place, struct pk_http_request *ret, struct pk_why *why)
{
	return pk_discovery_request(arena, login,
				    place ? PK_WELL_KNOWN_OAUTH : PK_WELL_KNOWN_OPENID, ret, why);
}

static enum pk_err read_reply(struct pk_arena *arena, const struct pk_login *login,
			      const struct pk_http_reply *reply, struct pk_buf *out,
			      struct pk_why *why)
{
	struct pk_dialect dialect, again;

	TRY(pk_discovery_reply(arena, login, reply, &dialect, why));
	pk_dialect_write(&dialect, out);
	if (out->overflow || out->len > DIALECT_TEXT_MAX)
		return pk_refuse(why, PK_ERR_METADATA_INCOMPLETE, NULL,
				 "the metadata says more than %d bytes", DIALECT_TEXT_MAX);
	/* What both sides will read is read here first. */
	return pk_dialect_parse(login->dialect->name, pk_buf_str(out), &again, why);
}

const struct published_kind metadata_kind = {
	.purpose = UPSTREAM_METADATA,
	.places = 2,
	.request = make_request,
	.read = read_reply,
	.usual = 3600,
	.shortest = 300,
	.longest = 3600,
	.beyond = 86400,
};

static struct published *metadata_of(struct keeper *keeper, const struct login_settings *login)
{
	return &keeper->metadata[login - keeper->settings->login];
}

/* Without endpoints of its own, the login's dialect waits for the provider's. */
void keeper_login(struct keeper *keeper, const struct login_settings *login,
		  struct published_wait *wait, published_ready *done, void *arg)
{
	if (settings_is_discovered(login))
		published_get(metadata_of(keeper, login), &login->login, wait, done, arg);
	else
		done((struct pk_str){0}, NULL, arg);
}

enum pk_err keeper_login_take(const struct login_settings *login, struct pk_str dialect_text,
			      struct pk_arena *arena, struct login_settings *ret)
{
	*ret = *login;
	ret->login.dialect = &ret->dialect;
	if (!dialect_text.ptr)
		return PK_OK;
	TRY(pk_arena_copy(arena, dialect_text, &ret->dialect_text));
	return pk_dialect_parse(login->dialect.name, ret->dialect_text, &ret->dialect, NULL);
}

/* A front that waits. */
struct asked {
	struct job job;
	struct published_wait wait;
};

static void on_metadata(struct pk_str text, const struct failure *failure, void *arg)
{
	struct asked *asked = arg;
	static char memory[MESSAGE_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	if (failure) {
		keeper_answer_failure(asked->job.link, asked->job.number, failure);
	} else {
		keeper_answer_begin(&message, asked->job.number, true);
		message_put_str(&message, text);
		keeper_answer_send(asked->job.link, &message);
	}
	keeper_job_end(&asked->job);
	free(asked);
}

void keeper_metadata(struct keeper *keeper, struct link *link, uint64_t number,
		     struct message_reader *in)
{
	const struct failure odd = {.fault = PK_STR("keeper-unavailable"),
				    .detail = PK_STR("the keeper did not understand the front")};
	const struct pk_str name = message_str(in, CALL_TEXT_MAX);
	const struct login_settings *login = settings_login(keeper->settings, name);
	struct asked *asked = NULL;

	if (message_done(in) && login && settings_is_discovered(login))
		asked = calloc(1, sizeof(*asked));
	if (!asked) {
		keeper_answer_failure(link, number, &odd);
		return;
	}
	keeper_job_begin(keeper, &asked->job, link, number);
	keeper_login(keeper, login, &asked->wait, on_metadata, asked);
}
