/* The sandbox: `proofkey sandbox`. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

int sandbox_main(int argc, char **argv);

#endif
