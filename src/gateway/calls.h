/*
 * What a front may ask the keeper. A call is a message (io/message.h): the kind, the front's number
 * for it, its fields. The answer is that number, whether it went well, and fields. The keeper
 * believes none of it: it checks callbacks again itself.
 *
 *   CALL_REDEEM  login, attempt id, attempt's end, state, callback query, verifier, nonce,
 *                old session id, its end
 *                well: subject, name, email, the hash of the provider's session (session.h) or nothing
 *   CALL_METADATA  login, one whose provider is found by its issuer
 *                well: its dialect as text
 *   CALL_PUSH    login, state, nonce, challenge
 *                well: the URL that the browser is sent to
 *   CALL_LOGOUT  session id, its end, login, subject, the hash of the provider's session or nothing,
 *                whether all of the person's sessions end, the state for the way back or nothing
 *                well: the URL at which the browser signs out of the provider, or nothing
 *   CALL_BACKCHANNEL  login, logout token
 *                well: nothing
 *   CALL_PING    nothing
 *                well: nothing
 *
 * Badly, all of them: fault, detail, provider's error, provider's text, explanation.
 *
 * What the broker may ask, and a front may not. Each begins with what the broker was shown for a
 * key's secret (broker_key.h): the keeper checks the key and its logins again.
 *
 *   CALL_TOKEN   pass, login, subject, seconds that the token must last
 *                well: access token, its end, scope
 *   CALL_REFRESH the same, with new tokens
 *                well: the same
 *   CALL_GRANTS  pass, login or nothing, the login and subject that come before, how many at most
 *                well: 1 and a grant as often as there are any (login, subject, state in a word,
 *                scope, end of access token and of refresh token, due, made, refreshed, failures,
 *                fault); 0; whether there are more
 *   CALL_REVOKE  pass, login, subject
 *                well: nothing
 *
 * Badly, these: outcome, fault, detail, seconds after which it may go better.
 */
#ifndef GATEWAY_CALLS_H
#define GATEWAY_CALLS_H

#include "io/message.h"

enum call {
	CALL_REDEEM = 1,
	CALL_METADATA,
	CALL_PUSH,
	CALL_LOGOUT,
	CALL_BACKCHANNEL,
	CALL_PING,
	CALL_TOKEN,
	CALL_REFRESH,
	CALL_GRANTS,
	CALL_REVOKE,
	CALL__MAX
};

/* How the broker's calls go badly. */
enum outcome {
	OUTCOME_DONE,      /* not at all */
	OUTCOME_FORBIDDEN, /* the key may not use this login's grants */
	OUTCOME_NONE,      /* there is no such grant */
	OUTCOME_ENDED,     /* only a new login helps */
	OUTCOME_LATER,     /* it may go better */
	OUTCOMES
};

/* How a call went badly, as it is told to a person and to the log. */
struct failure {
	struct pk_str fault; /* an id of the fault list */
	struct pk_str detail;
	struct pk_str provider_error;
	struct pk_str provider_text;
	struct pk_str explanation; /* a report for a person, lines; empty: none was made */
};

#define CALLS_MAX 1024 /* of one front or broker that may be under way */
#define CALL_TEXT_MAX 512
#define CALL_URL_MAX 8192 /* of the provider's logout */
#define EXPLANATION_MAX 8192

/* What comes to the processes over the control socket from the supervisor, each with a file
 * descriptor: a new link between a front and the keeper, or for the keeper one to the broker.
 * What goes back is one word: ready. */
#define CONTROL_LINK "link"
#define CONTROL_BROKER "broker"
#define CONTROL_READY "ready"

/* The file descriptors that a child is started with, each in its place or not at all. */
enum child_fd {
	CHILD_SETTINGS = 3,
	CHILD_CONTROL,
	CHILD_REVOKED, /* front and keeper */
	CHILD_LISTEN,  /* front and broker */
	CHILD_METRICS, /* all */
	CHILD__END
};

#endif
