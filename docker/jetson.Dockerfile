# streamo_ros on a Jetson, with JetPack's TensorRT: engines are built in the container, on the device.
# NOT BUILT by the project yet: no Jetson and no container runtime were at hand. Please report what
# breaks, the names of base images first: they are those of NVIDIA's catalogue as of 2026.
#
# JetPack 6 (Orin, L4T r36):
#   docker build -f docker/jetson.Dockerfile -t streamo_ros:r36 \
#       --build-arg BASE=nvcr.io/nvidia/l4t-tensorrt:r10.3.0-devel --build-arg UBUNTU=jammy \
#       --build-arg ROS=humble .
# JetPack 7 (Thor and Orin, L4T r38):
#   docker build -f docker/jetson.Dockerfile -t streamo_ros:r38 \
#       --build-arg BASE=nvcr.io/nvidia/tensorrt:25.08-py3 --build-arg UBUNTU=noble \
#       --build-arg ROS=jazzy .
#   docker run --rm --runtime nvidia --net=host --ipc=host -v /models:/models streamo_ros:r38 \
#       camera:=/camera/image_raw checkpoint:=/models/engines
#
# ROS 2 Jazzy has binaries for Ubuntu 24.04 alone. On r36 (22.04) the node needs a ROS built from
# source or Humble, which is untested.

ARG BASE
FROM ${BASE}
ARG UBUNTU
ARG ROS

SHELL ["/bin/bash", "-c"]
ENV DEBIAN_FRONTEND=noninteractive ROS_DISTRO=${ROS}
RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates gnupg \
    && curl -fsSL https://raw.githubusercontent.com/ros/rosdistro/master/ros.key \
       -o /usr/share/keyrings/ros.gpg \
    && echo "deb [signed-by=/usr/share/keyrings/ros.gpg] http://packages.ros.org/ros2/ubuntu ${UBUNTU} main" \
       > /etc/apt/sources.list.d/ros2.list \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
       "ros-${ROS}-ros-base" python3-colcon-common-extensions python3-rosdep python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /workspace
COPY . src/streamo_ros
RUN rosdep init || true; apt-get update && rosdep update \
    && rosdep install -y --from-paths src --ignore-src --skip-keys \
       "python3-onnxruntime-pip python3-rosbags-pip" \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m pip install --no-cache-dir onnx onnxruntime safetensors tokenizers ml-dtypes rosbags \
    cuda-python
RUN source "/opt/ros/${ROS}/setup.bash" \
    && colcon build --packages-select streamo_ros \
    && rm -rf build log
RUN useradd --create-home watcher
USER watcher
ENTRYPOINT ["/bin/bash", "-c", \
    "source /workspace/install/setup.bash && exec ros2 launch streamo_ros streamo.launch.py \"$@\"", \
    "--"]
