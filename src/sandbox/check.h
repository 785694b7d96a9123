/*
 * One request at one endpoint, and what a check is. A check looks at the request, lets it pass or
 * refuses it, and leaves what it found for the checks and the answer behind it. Which check runs
 * where, and in which order, is decided in steps.c alone.
 */
#ifndef SANDBOX_CHECK_H
#define SANDBOX_CHECK_H

#include "base/form.h"
#include "io/http.h"
#include "proofkey.h"
#include "sandbox/clients.h"
#include "sandbox/endpoint.h"
#include "sandbox/ledger.h"
#include "sandbox/people.h"
#include "sandbox/state.h"

struct exchange {
	struct sandbox *sandbox;
	struct http_request *http;
	struct pk_arena *arena;
	const struct provider *provider;
	const struct pk_dialect *dialect; /* the provider's */
	struct pk_str tenant;             /* of the path; the dialect's where it has none */
	enum endpoint endpoint;
	int64_t now; /* milliseconds, see now() */

	struct pk_form form;     /* the parameters, each decoded once */
	struct pk_form decision; /* at DECIDE: what the page sent; `form` is then what waited */

	/* What the checks found, in the order in which they find it. */
	const char *fault;      /* more exactly than the check's own, or NULL */
	struct pk_str evidence; /* what came, for the page; never a secret */
	const struct client *client;
	struct pk_str redirect_uri; /* "not given" until it is known to be the client's */
	struct pk_list scopes;      /* asked for; after the decision: granted */
	enum grant_method method;
	const struct person *person;
	struct ticket *ticket; /* the code, the refresh token or the access token */
	struct grant *grant;   /* what it stands for */
	const char *text;      /* the refusal's words, more exactly than the check's own, or NULL */

	bool proven;                     /* a DPoP proof came, and is right (RFC 9449) */
	unsigned char holder[32];        /* the thumbprint of its key */
	struct pk_str proof_nonce;       /* the nonce in it, or "not given" */
	const struct person *hinted;     /* whom id_token_hint names, or NULL */
	const struct client *hinted_for; /* the client that it was given to */
	struct pk_str hinted_session;    /* the `sid` in it, or "not given" */
	bool confirmed;                  /* the person said on our page that they log out */

	/* On demand: see faults.h. */
	struct pk_str first_code;  /* which stands in a callback that comes twice, ... */
	struct pk_str second_code; /* ... and what stands in its place in the second; "not given" */

	/* For the record. */
	struct pk_str callback[2]; /* where the browser is sent without a redirect; "not given" */
	double took;               /* seconds that the reply is kept back */
	double at;                 /* seconds since the epoch */
	const char *produced;      /* the last fault that was produced on demand, or NULL */
	bool unanswered;           /* a fault takes the reply away */
	uint64_t attempt; /* the login that this is part of, as far as it shows; 0: unknown */
	struct pk_str posted_to; /* where a page posts the callback to, and what; "not given" */
	struct pk_str posted_form;
};

struct check {
	const char *name;      /* the dialect's `error.NAME` replaces the next three */
	int status;            /* an HTTP status, where the answer is not a redirect */
	const char *code;      /* `error` */
	const char *text;      /* `error_description` */
	const char *fault;     /* in the fault list: what went wrong in truth */
	const char *reference; /* "RFC 7636 4.6" */
	const char *fix;       /* for the page; NULL where this check is never shown on one */
	bool (*run)(struct exchange *x); /* whether the request passes */
};

/* The value of a parameter. RFC 6749 3.1: "Parameters sent without a value MUST be treated as if
 * they were omitted from the request." */
struct pk_str param(const struct exchange *x, const char *name);

/* Writes the issuer that the exchange's provider has here: the path of the dialect's, below the
 * sandbox's own address, the tenant of the path filled in. Nothing where the dialect has none. */
void provider_issuer(const struct exchange *x, struct pk_buf *out);

/* Whether the request has this method, HEAD counting as GET. */
bool method_is(const struct exchange *x, const char *method);

/* Whether nobody can switch this scope off. */
bool scope_is_fixed(const struct pk_dialect *dialect, struct pk_str scope);

/* Whether the grant was given by this tenant of this provider. */
bool grant_is_of_here(const struct exchange *x, const struct grant *grant);

/* Whether this is a token request at a provider that wants it in the URL. */
bool request_is_query(const struct exchange *x);

/* Whether this is a revocation at a provider where the token proves itself. */
bool revokes_by_bearer(const struct exchange *x);

/* Whether the dialect has user info by the scopes of OpenID Connect Core 5.4, and this one of them
 * was not granted. */
bool scope_withholds(const struct exchange *x, struct pk_str scope);

/* In the order of the table. */
extern const struct check check_method_get_or_post;
extern const struct check check_method_post;
extern const struct check check_body_form;
extern const struct check check_parameters_readable;
extern const struct check check_parameters_in_body;
extern const struct check check_request_waiting;

extern const struct check check_method_get;
extern const struct check check_request_pushed;
extern const struct check check_request_not_nested;
extern const struct check check_request_object_absent;

extern const struct check check_client_known;
extern const struct check check_redirect_uri_registered;
extern const struct check check_parameters_once;
extern const struct check check_response_type_present;
extern const struct check check_response_type_code;
extern const struct check check_response_mode;
extern const struct check check_scope_known;
extern const struct check check_scope_required;
extern const struct check check_state_present;
extern const struct check check_challenge_unexpected;
extern const struct check check_challenge_present;
extern const struct check check_challenge_method;
extern const struct check check_challenge_shape;
extern const struct check check_nonce_short;
extern const struct check check_proof_key_readable;
extern const struct check check_prompt_readable;
extern const struct check check_id_token_hint;
extern const struct check check_signed_in;
extern const struct check check_client_unmistakable;
extern const struct check check_consent_given;
extern const struct check check_user_known;
extern const struct check check_user_consents;

extern const struct check check_client_auth_once;
extern const struct check check_client_auth_readable;
extern const struct check check_client_auth_method;
extern const struct check check_client_authenticated;
extern const struct check check_secret_jwt;
extern const struct check check_origin;
extern const struct check check_client_confidential;
extern const struct check check_proof_valid;
extern const struct check check_proof_nonce;
extern const struct check check_grant_type_present;
extern const struct check check_grant_type_known;

extern const struct check check_code_present;
extern const struct check check_code_known;
extern const struct check check_code_client;
extern const struct check check_code_unused;
extern const struct check check_code_unexpired;
extern const struct check check_redirect_uri_same;
extern const struct check check_verifier_present;
extern const struct check check_verifier_expected;
extern const struct check check_verifier_shape;
extern const struct check check_verifier_matches;

extern const struct check check_code_holder;

extern const struct check check_refresh_token_present;
extern const struct check check_refresh_token_known;
extern const struct check check_refresh_token_client;
extern const struct check check_refresh_token_unused;
extern const struct check check_refresh_token_unexpired;
extern const struct check check_refresh_token_holder;
extern const struct check check_scope_within_grant;

extern const struct check check_token_present;
extern const struct check check_token_client;

extern const struct check check_bearer_in_header;
extern const struct check check_bearer_present;
extern const struct check check_bearer_valid;
extern const struct check check_userinfo_header;
extern const struct check check_userinfo_client;
extern const struct check check_userinfo_subject;
extern const struct check check_bearer_holder;
extern const struct check check_bearer_proof;
extern const struct check check_bearer_nonce;

extern const struct check check_logout_confirmed;
extern const struct check check_logout_client;
extern const struct check check_logout_redirect_uri;

#endif
