/*
 * The stored expiry of an access token, held against expires_in of the reply that gave it (RFC 6749
 * 5.1). Margins are no mistake: a client may renew early.
 */
#include "explain/rules_after.h"
#include "base/text.h"

#define CLOCK_SECONDS 60 /* between the request and the reply, and between two clocks */

enum verdict look_lifetime_hard_coded(const struct flow *flow, struct pk_finding *finding)
{
	const int64_t stored = flow->capture->stored_expires_at;
	const struct flow_part *answered = after_success(flow, (int)flow->capture->count);
	int64_t at, lifetime;

	if (stored == PK_TIME_UNKNOWN || !answered || answered->event->at < 0)
		return NOT_VISIBLE;
	at = (int64_t)answered->event->at;
	lifetime = after_reply(flow, answered).expires_in;
	if (lifetime == PK_TIME_UNKNOWN)
		return NOT_VISIBLE;
	if (stored - at <= lifetime + CLOCK_SECONDS && stored - at >= lifetime / 2)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = stored - at > lifetime
				  ? flow_text(flow, "The token is gone %lld seconds before that.",
					      (long long)(stored - at - lifetime))
				  : flow_text(flow, "The token lives %lld seconds longer.",
					      (long long)(lifetime - (stored - at)));
	show(finding, answered, "expires_in", flow_text(flow, "%lld s", (long long)(stored - at)),
	     flow_text(flow, "%lld s", (long long)lifetime));
	return WEAKNESS;
}
