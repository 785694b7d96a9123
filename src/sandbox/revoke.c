/* Revocation (RFC 7009): the end of a refresh token is the end of its grant; an access token ends
 * alone (2.1), but takes its grant along where tokens revoke themselves: nothing else there could
 * end it. A token that is not known has ended already (2.2). */
#include "sandbox/answers.h"
#include "sandbox/reply.h"

void answer_revoke(struct exchange *x)
{
	if (x->ticket && (x->ticket->kind == TICKET_REFRESH || revokes_by_bearer(x)))
		x->grant->ended = true;
	else if (x->ticket)
		x->ticket->spent = true;
	reply_cors(x);
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply(x->http, 200, NULL, PK_STR(""));
}
