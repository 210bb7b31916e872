#!/bin/sh
# Builds the C++ clients into the folder that is named.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../protos
protoc -I "$protos" --cpp_out="$1" --grpc_out="$1" \
    --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" "$protos/route_guide.proto"
# shellcheck disable=SC2046 # The flags are several words.
g++ -std=c++17 -O0 -I "$1" -o "$1/early_ended" "$here/early_ended.cc" "$1"/route_guide.pb.cc \
    "$1"/route_guide.grpc.pb.cc $(pkg-config --cflags --libs protobuf grpc++)
