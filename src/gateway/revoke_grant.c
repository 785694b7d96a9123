/* CALL_REVOKE: a program is done with somebody's access, or an operator takes it away. Sessions
 * go on: they hold no token. */
#include "gateway/grant_call.h"

#include <stdlib.h>

static void on_ended(enum vault_result result, const struct grant *grant, void *arg)
{
	struct job *job = arg;
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	(void)grant;
	if (result == VAULT_DOWN) {
		grant_call_refuse(job->link, job->number, &refusal_store);
	} else if (result == VAULT_NONE) {
		grant_call_refuse(job->link, job->number, &refusal_none);
	} else {
		keeper_answer_begin(&message, job->number, true);
		keeper_answer_send(job->link, &message);
	}
	keeper_job_end(job);
	free(job);
}

void keeper_revoke(struct keeper *keeper, struct link *link, uint64_t number,
		   struct message_reader *in)
{
	struct grant_call call;
	struct job *job;

	if (!grant_call_read(keeper, in, &call) || !message_done(in)) {
		grant_call_refuse(link, number, &refusal_forbidden);
		return;
	}
	job = calloc(1, sizeof(*job));
	if (!job) {
		grant_call_refuse(link, number, &refusal_store);
		return;
	}
	keeper_job_begin(keeper, job, link, number);
	keeper_end_grant(keeper, call.login, call.subject, on_ended, job);
}
