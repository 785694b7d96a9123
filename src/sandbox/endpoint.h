/* The endpoints of a provider: the columns of the table in steps.c. */
#ifndef SANDBOX_ENDPOINT_H
#define SANDBOX_ENDPOINT_H

enum endpoint {
	AUTHORIZE, /* where the browser comes first */
	DECIDE,    /* where the consent page is sent to */
	PUSH,      /* RFC 9126: an authorize request ahead of the browser */
	TOKEN,     /* grant_type=authorization_code, and every token request until that is known */
	REFRESH,   /* grant_type=refresh_token */
	REVOKE,
	INTROSPECT,
	USERINFO,
	END_SESSION,
	DISCOVERY,
	JWKS,
	ENDPOINT_COUNT
};

#endif
