/*
 * The fault list as a table. One list with three readers: sandbox and tests produce its faults,
 * tests expect them, explain names them.
 */
#include "proofkey_explain.h"

static const struct pk_fault faults[] = {
#define PK_FAULT(id, blame, reference, title, fix, proof) {id, blame, reference, title, fix, proof},
#include "explain/faults.def"
#undef PK_FAULT
};

const struct pk_fault *pk_fault_at(size_t index)
{
	return index < sizeof(faults) / sizeof(faults[0]) ? &faults[index] : NULL;
}

const struct pk_fault *pk_fault_find(struct pk_str id)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (pk_str_equal(pk_str(faults[i].id), id))
			return &faults[i];
	return NULL;
}
