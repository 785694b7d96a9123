/* Members of a JSON object, typed; what has another type is refused with its path. */
#ifndef EXPLAIN_MEMBER_H
#define EXPLAIN_MEMBER_H

#include "explain/capture.h"

/* A value and where it stands: `key`, or the element `index` of an array, of its parent. Parents
 * must live as long as what is read below them. */
struct place {
	const json_t *value;
	const struct place *parent;
	const char *key;
	size_t index;
};

/* Refuses with the path of a member: "PATH.KEY SENTENCE"; without a `key`, with its own. */
enum pk_err member_refuse(const struct making *making, const struct place *place, const char *key,
			  const char *sentence);

/* null and what is absent are "not given", and a place without a value. */
enum pk_err member_text(const struct making *making, const struct place *place, const char *key,
			struct pk_str *ret);
enum pk_err member_object(const struct making *making, const struct place *place, const char *key,
			  struct place *ret);
enum pk_err member_array(const struct making *making, const struct place *place, const char *key,
			 struct place *ret);

/* -1 where it is absent. */
enum pk_err member_number(const struct making *making, const struct place *place, const char *key,
			  double max, double *ret);

/* The element of an array, which must be an object. */
enum pk_err member_element(const struct making *making, const struct place *array, size_t index,
			   struct place *ret);

/* Adds a header to a message whose headers have room for CAPTURE_HEADERS_MAX. */
enum pk_err member_header(const struct making *making, const struct place *place,
			  struct pk_message *message, struct pk_header *room, struct pk_str name,
			  struct pk_str value);

/* A view of a JSON string. */
struct pk_str json_view(const json_t *value);

#endif
