/*
 * Walking over JSON without reading it: where values begin and end. A HAR is tens of megabytes of
 * which a few entries matter; only those are worth a tree. What is walked over is checked for its
 * quotes and brackets alone.
 */
#ifndef EXPLAIN_SKIM_H
#define EXPLAIN_SKIM_H

#include "proofkey.h"

#define SKIM_DEPTH_MAX 2048

struct skim {
	struct pk_str rest;
	bool broken; /* sticks; `rest` is where */
};

/* Enters the object or array that stands here; false, and broken, where there is none. */
bool skim_enter(struct skim *skim, char bracket);

/* The next member of an object that was entered, up to its value; false at its end. The key is as
 * it is written. */
bool skim_key(struct skim *skim, struct pk_str *ret);

/* Whether an array that was entered has another element; it stands there then. */
bool skim_element(struct skim *skim);

/* Takes the value that stands here. */
struct pk_str skim_value(struct skim *skim);

/* Whether nothing but blanks is left. */
bool skim_is_at_end(struct skim *skim);

#endif
