/* Answers that are altered on demand: see faults.h. */
#ifndef SANDBOX_DISTORT_H
#define SANDBOX_DISTORT_H

#include "sandbox/check.h"

#include <jansson.h>

enum distort_place {
	DISTORT_CLAIMS,   /* of an ID token, before it is signed */
	DISTORT_TOKENS,   /* the object that the tokens stand in */
	DISTORT_REPLY,    /* the whole token reply */
	DISTORT_USERINFO, /* the whole user info */
	DISTORT_METADATA,
};

void distort(struct exchange *x, enum distort_place place, json_t *document);

#endif
