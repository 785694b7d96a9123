/* What an HTML page says to the person who sees it. */
#ifndef EXPLAIN_PAGE_TEXT_H
#define EXPLAIN_PAGE_TEXT_H

#include "proofkey.h"

#define PAGE_TEXT_MAX 4096 /* bytes that are kept; what follows is cut off */

/* The text between the tags, with single spaces; that of scripts and styles is left out, entities
 * stay as they are. */
struct pk_str page_text(struct pk_arena *arena, struct pk_str html);

#endif
