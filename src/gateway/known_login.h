/*
 * A login whose provider is known: most are from the start. For one that names an issuer alone, the
 * front asks the keeper what the provider says of itself, once for all the requests that wait, and
 * keeps that for some minutes.
 */
#ifndef GATEWAY_KNOWN_LOGIN_H
#define GATEWAY_KNOWN_LOGIN_H

#include "gateway/front.h"

/* Goes on with a request. `login` may be one that was discovered, and lives until this returns; its
 * name lives as long as the settings. */
typedef void known_login(struct front *front, struct http_request *request,
			 const struct login_settings *login);

/* Calls `then`, perhaps at once, or answers the request with a page on why it cannot; neither when the
 * browser hangs up before. */
void with_known_login(struct front *front, struct http_request *request,
		      const struct login_settings *login, known_login *then);

/* The same for what can be done without, too: `then` has the login as it is configured where nothing
 * more can be learned. */
void with_login_as_known(struct front *front, struct http_request *request,
			 const struct login_settings *login, known_login *then);

void known_logins_free(struct front *front);

#endif
