/*
 * A flow: the one attempt of a capture that is explained, taken apart once so that the rules can be short. Each parameter is there as
 * it was sent (raw) and decoded once, and how often; nothing is judged here.
 */
#ifndef EXPLAIN_FLOW_H
#define EXPLAIN_FLOW_H

#include "proofkey_explain.h"

/* A parameter of a query or body. */
struct flow_param {
	struct pk_str raw_name;
	struct pk_str raw;  /* the value, still encoded */
	struct pk_str name; /* decoded once; as it is where it cannot be decoded */
	struct pk_str value;
	bool in_query; /* of a request that has a body too */
};

/* One event of the flow. */
struct flow_part {
	const struct pk_event *event; /* NULL: not in the capture */
	int index;                    /* of the event, -1 */
	const struct flow_param *param;
	size_t count;
	struct pk_str path;         /* of the URL */
	struct pk_str host;         /* with port */
	struct pk_str content_type; /* of the request */
	struct pk_str
		basic_id; /* from Authorization: Basic, form-decoded; "not given" without one */
	struct pk_str basic_secret;
	struct pk_str basic_raw_id; /* as they stood in the base64 */
	struct pk_str basic_raw_secret;
	bool basic;     /* an Authorization header with Basic came, readable or not */
	bool json_body; /* the parameters were read from a JSON body */
};

/* A token reply, flattened; also the error of a callback. */
struct flow_reply {
	bool visible;
	int status;
	bool html; /* or any other thing that is neither JSON nor a form */
	bool empty;
	bool nested; /* the tokens are not at the top */
	bool form;
	struct pk_str error;  /* `error` */
	struct pk_str text;   /* error_description, message, error_message ... */
	struct pk_str number; /* of the error, where the dialect has one */
	struct pk_str also;   /* what some say the cause in beside these: hint, inner code, URI */
	struct pk_str access_token, refresh_token, id_token, scope, token_type;
	struct pk_str subject; /* where the dialect has it in the token reply */
	int64_t expires_in;    /* PK_TIME_UNKNOWN */
	bool expires_in_text;  /* it came in quotes */
	bool success;          /* an access token came */
};

/* The ID token of the last reply that has one, read without its signature. */
struct flow_id_token {
	const struct flow_part *part; /* whose reply it was in */
	struct pk_str text;           /* "not given": there is none */
	struct pk_str access_token;   /* that came with it */
	bool readable;                /* a signed token of three parts, and the claims are below */
	bool encrypted;               /* five parts: nobody but the client can read it */
	struct pk_str alg, kid, iss, sub, azp, nonce, at_hash;
	struct pk_list aud;
	int64_t exp, iat, nbf, auth_time; /* or PK_TIME_UNKNOWN */
};

struct flow {
	struct pk_arena *arena;
	const struct pk_capture *capture;
	const struct pk_dialect *dialect; /* NULL: unknown; rules then assume nothing */
	const struct flow_part *part;     /* all events, in the capture's order */
	const struct flow_reply *replies; /* to each of them that is a token event, in that order */
	struct flow_part authorize;       /* of this attempt */
	struct flow_part callback;
	struct flow_part token; /* grant_type=authorization_code (or what was meant to be that) */
	const struct flow_part *emptied;  /* the GET that a redirect made of it, or NULL */
	struct flow_part refresh;         /* the last token event, when it is a refresh */
	struct flow_part revoke;          /* likewise */
	struct flow_reply reply;          /* of the last of these three that is there */
	struct flow_reply callback_error; /* the callback's error */
	struct flow_reply
		authorize_error; /* the authorize event's own reply: an error page or redirect */
	bool failed;             /* something visible says no */
	bool succeeded;          /* something visible says yes, and nothing after it no */

	/* the pair, decoded; "not given" where it is not there */
	struct pk_str verifier, challenge, method;
	struct pk_relation relation;

	struct flow_id_token id_token;
};

/* Builds the flow of the last failed attempt, or of the last one. */
enum pk_err flow_build(struct pk_arena *arena, const struct pk_capture *capture,
		       const struct pk_dialect *const *dialects, size_t dialect_count,
		       struct flow *ret, struct pk_why *why);

const struct flow_param *flow_param(const struct flow_part *part,
				    const char *name); /* the first of that name, or NULL */
struct pk_str flow_value(const struct flow_part *part,
			 const char *name); /* decoded, or "not given" */
struct pk_str flow_named(const struct flow_part *part,
			 struct pk_str name); /* the same; an empty name is none */
size_t flow_count(const struct flow_part *part, const char *name);

/* The request that `reply` answers: for tokens, a refresh or a revocation; NULL where there is none. */
const struct flow_part *flow_asked(const struct flow *flow);

/* A header of a request or reply, by name in any case; "not given" without it. */
struct pk_str flow_header(const struct pk_message *message, const char *name);

/* A form value, decoded once; as it is where it cannot be decoded. */
struct pk_str flow_decode(struct pk_arena *arena, struct pk_str raw);

/* Under the dialect's name for it, or any name that some provider uses: client_id, client_key, appid, app_id. */
struct pk_str flow_client_id(const struct flow *flow, const struct flow_part *part);

/* The scopes of a request, under the dialect's name for them or `scope`. */
struct pk_str flow_scope(const struct flow *flow, const struct flow_part *part);

/* Text of the arena; never fails but gives "not given" when the arena is full. */
struct pk_str flow_text(const struct flow *flow, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
