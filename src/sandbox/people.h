/* The three people who can log in at the sandbox. */
#ifndef SANDBOX_PEOPLE_H
#define SANDBOX_PEOPLE_H

#include "proofkey.h"

struct person {
	struct pk_str id;
	struct pk_str name;
	struct pk_str email;
	struct pk_str picture;
};

#define PERSON_SUBJECT_MAX 64 /* bytes */

extern const struct person people[];
extern const size_t people_count;

/* By id or e-mail address; NULL for anybody else. */
const struct person *person_find(struct pk_str hint);

/* Writes the person's subject at the provider: opaque, the same in every run, different at each
 * provider, as real ones are; digits where the dialect has numbers. */
void person_subject(const struct person *person, const struct pk_dialect *provider,
		    struct pk_buf *out);

#endif
