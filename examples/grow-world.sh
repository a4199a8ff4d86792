#!/bin/sh
# Train a recipe whose plan asks for more processes as the batch grows, on this machine.
#
#   examples/grow-world.sh RUN RECIPE [--set 'run.world_sizes=[1, 2, 4]' …]
#
# bsgrow ends each phase by exit code 3, with a checkpoint and the next number of processes in
# RUN/world_size. torchrun turns any exit code into 1, so it is that file that says how it ended.
set -eu
run=$1 recipe=$2
shift 2
bsgrow=${BSGROW:-bsgrow} torchrun=${TORCHRUN:-torchrun}

planned() { cat "$run/world_size" 2>/dev/null || true; }

if [ ! -e "$run/recipe.toml" ]; then
    size=$($bsgrow plan "$recipe" "$@" --format json |
        sed -n 's/.*"world_size": \([0-9]*\).*/\1/p' | head -n 1)
    [ -n "$size" ] || exit 2 # bsgrow has said why
    set -- "$recipe" "$@"
else
    size=$(planned)
    set -- --resume "$@"
fi

while [ ! -e "$run/summary.json" ]; do
    $torchrun --nproc-per-node "$size" -m bsgrow train "$@" --out "$run" && continue
    next=$(planned)
    if [ "$next" = "$size" ] || [ -z "$next" ]; then
        exit 1 # the phase has not ended: it has failed, or was stopped
    fi
    size=$next
    [ "$1" = --resume ] || { shift && set -- --resume "$@"; }
done
