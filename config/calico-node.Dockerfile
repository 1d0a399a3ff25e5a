# Starling in place of BIRD in a calico/node image. From the root of this project:
#
#   docker build -f config/calico-node.Dockerfile --build-arg CALICO_NODE=calico/node:v3.30.0 -t REGISTRY/node:v3.30.0-starling .
#
# docs/calico.md tells the steps around it.

# The image to change: the very release that the cluster runs.
ARG CALICO_NODE
# Makes the package. Its glibc must not be newer than that of CALICO_NODE, because its libstdc++ comes along.
ARG BUILDER=node:20-bullseye

FROM ${BUILDER} AS package
WORKDIR /src
COPY . .
RUN npm run package
RUN mkdir /links && for name in bird bird6 birdcl birdcl6; do ln -s /opt/starling/bin/$name /links/$name; done

FROM ${CALICO_NODE}
COPY --from=package /src/dist-package/starling /opt/starling
# /bin is a link to /usr/bin. Nothing of BIRD remains but its names.
COPY --from=package /links/ /usr/bin/
# An image that the package does not fit ends the build here. No shell is needed.
RUN ["/bin/bird", "--version"]
RUN ["/bin/bird6", "--version"]
RUN ["/bin/birdcl", "--version"]
RUN ["/bin/birdcl6", "--version"]
