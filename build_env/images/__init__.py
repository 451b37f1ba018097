"""Images: bases resolved, Dockerfiles rendered, target images and build-dependency layers made once."""
