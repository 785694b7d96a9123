/* What each endpoint does once every check has passed. */
#ifndef SANDBOX_ANSWERS_H
#define SANDBOX_ANSWERS_H

#include "sandbox/check.h"

void answer_push(struct exchange *x);
void answer_introspect(struct exchange *x);
void answer_end_session(struct exchange *x);
void answer_metadata(struct exchange *x);
void answer_jwks(struct exchange *x);
void answer_authorize(struct exchange *x);
void answer_decision(struct exchange *x);
void answer_token(struct exchange *x);
void answer_refresh(struct exchange *x);
void answer_revoke(struct exchange *x);
void answer_userinfo(struct exchange *x);

#endif
