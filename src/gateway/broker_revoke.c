/* DELETE /v1/grants/LOGIN/SUBJECT: the provider is asked to forget the tokens, and the vault
 * does. */
#include "gateway/broker.h"
#include "gateway/log.h"

static void on_answer(const struct broker_request *request, struct message_reader *answer)
{
	struct broker_failure failure = {0};
	const bool well = message_number(answer) != 0;

	if (!well)
		failure = broker_failure(answer);
	/* First: the names are gone with the request. */
	log_event(well ? "info" : "warn", well ? "grant.revoked" : "grant.not_revoked",
		  (struct log_field[]){{"key", request->key->name},
				       {"login", request->login},
				       {"subject", request->subject},
				       {"fault", failure.fault}},
		  4);
	if (well)
		broker_reply(request->http, 204, NULL);
	else
		broker_refuse_as(request->http, &failure);
}

void broker_revoke(const struct broker_request *request)
{
	char memory[1024];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	broker_begin(request, CALL_REVOKE, &message);
	message_put_str(&message, request->login);
	message_put_str(&message, request->subject);
	broker_ask(request, &message, on_answer);
}
