/* State, session and user: from the authorize request to the callback. */
#include "explain/rule.h"

const struct rule rules_state[] = {
	{NULL, NULL, false},
};
