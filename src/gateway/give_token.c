/* CALL_TOKEN and CALL_REFRESH: a program needs a token to act for somebody, or another one. */
#include "gateway/fresh_token.h"

#include <sodium.h>
#include <stdlib.h>

static void on_token(const struct fresh_token *token, const struct refusal *refusal, void *arg)
{
	static const struct refusal too_long = {
		.outcome = OUTCOME_LATER,
		.detail = {"The token is longer than can be handed on.", 42},
	};
	struct job *job = arg;
	char memory[MESSAGE_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	if (token) {
		keeper_answer_begin(&message, job->number, true);
		message_put_str(&message, token->access_token.text);
		message_put_number(&message, (uint64_t)token->expires_at);
		message_put_str(&message, token->scope);
	}
	if (!token)
		grant_call_refuse(job->link, job->number, refusal);
	else if (message.overflow)
		grant_call_refuse(job->link, job->number, &too_long);
	else
		keeper_answer_send(job->link, &message);
	sodium_memzero(memory, sizeof(memory));
	keeper_job_end(job);
	free(job);
}

typedef void finder(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		    int64_t least, fresh_token_done *done, void *arg);

static void find(struct keeper *keeper, struct link *link, uint64_t number,
		 struct message_reader *in, finder *look)
{
	struct grant_call call;
	const bool allowed = grant_call_read(keeper, in, &call);
	const int64_t least = (int64_t)message_number(in);
	struct job *job;

	if (!allowed || !message_done(in)) {
		grant_call_refuse(link, number, &refusal_forbidden);
		return;
	}
	job = calloc(1, sizeof(*job));
	if (!job) {
		grant_call_refuse(link, number, &refusal_store);
		return;
	}
	keeper_job_begin(keeper, job, link, number);
	look(keeper, call.login, call.subject, least, on_token, job);
}

void keeper_token(struct keeper *keeper, struct link *link, uint64_t number,
		  struct message_reader *in)
{
	find(keeper, link, number, in, fresh_token);
}

void keeper_refresh(struct keeper *keeper, struct link *link, uint64_t number,
		    struct message_reader *in)
{
	find(keeper, link, number, in, fresh_token_anew);
}
