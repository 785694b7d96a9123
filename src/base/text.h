/* Views and writers beyond the public ones. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "proofkey.h"

/* For printf's %.*s: PK_ARG(text). The length is cut to what an int holds. */
#define PK_ARG(text) ((int)((text).len > 4096 ? 4096 : (text).len)), ((text).ptr ? (text).ptr : "")

bool pk_str_starts(struct pk_str text, struct pk_str start);
bool pk_str_ends(struct pk_str text, struct pk_str end);

/* Where `c` first stands in `text`, or text.len. */
size_t pk_str_find(struct pk_str text, char c);

/* From `start` to the end; from the end on it is empty. */
struct pk_str pk_str_from(struct pk_str text, size_t start);

/* The first `len` bytes, or all. */
struct pk_str pk_str_first(struct pk_str text, size_t len);

/* Cuts `text` at the first `c`: gives what stands before it, leaves what stands after it ("not
 * given" when there is no more). */
struct pk_str pk_str_cut(struct pk_str *text, char c);

struct pk_str pk_str_trim(struct pk_str text);

/* A whole decimal number from 0 to `max`; false for anything else, a sign or an empty text
 * included. */
bool pk_str_number(struct pk_str text, int64_t max, int64_t *ret);

bool pk_list_has(const struct pk_list *list, struct pk_str item);
enum pk_err pk_list_add(struct pk_list *list, struct pk_str item);

/* Splits at each `separator` (one character), leaving out empty items. */
enum pk_err pk_list_split(struct pk_str text, char separator, struct pk_list *ret);

void pk_buf_char(struct pk_buf *buf, char c);
void pk_buf_number(struct pk_buf *buf, int64_t number);
void pk_buf_join(struct pk_buf *buf, const struct pk_list *list, struct pk_str separator);

/* Writes at most cap - 1 of the characters that RFC 6749 5.2 allows in a description, others as
 * '?', and a NUL. */
void pk_text_tame(char *out, size_t cap, struct pk_str text);

#endif
