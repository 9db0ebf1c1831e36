# streamo_ros on a processor, with the ROS 2 of the base image.
# NOT BUILT by the project yet: no container runtime was at hand. Please report what breaks.
#
#   docker build -f docker/x86.Dockerfile --build-arg ROS=jazzy -t streamo_ros:jazzy .
#   docker build -f docker/x86.Dockerfile --build-arg ROS=lyrical -t streamo_ros:lyrical .
#   docker run --rm --net=host --ipc=host streamo_ros:jazzy camera:=/camera/image_raw

ARG ROS=jazzy
FROM ros:${ROS}

SHELL ["/bin/bash", "-c"]
WORKDIR /workspace
COPY . src/streamo_ros
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-pip \
    && rosdep update \
    && rosdep install -y --from-paths src --ignore-src --skip-keys \
       "python3-onnxruntime-pip python3-rosbags-pip" \
    && rm -rf /var/lib/apt/lists/*
# Not over the system's packages: numpy and OpenCV are those of ROS.
RUN pip install --break-system-packages --no-cache-dir \
    onnx onnxruntime safetensors tokenizers ml-dtypes rosbags
RUN source "/opt/ros/${ROS_DISTRO}/setup.bash" \
    && colcon build --packages-select streamo_ros \
    && rm -rf build log
RUN useradd --create-home watcher
USER watcher
ENTRYPOINT ["/bin/bash", "-c", \
    "source /workspace/install/setup.bash && exec ros2 launch streamo_ros streamo.launch.py \"$@\"", \
    "--"]
