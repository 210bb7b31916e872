//! The methods of the contracts, as they stand in a `:path` header.

/// Unary: the feature at a point.
pub const GET_FEATURE: &str = "/routeguide.RouteGuide/GetFeature";
/// Server streaming: the features inside a rectangle.
pub const LIST_FEATURES: &str = "/routeguide.RouteGuide/ListFeatures";
/// Client streaming: the summary of a route.
pub const RECORD_ROUTE: &str = "/routeguide.RouteGuide/RecordRoute";
/// Bidirectional: notes at places.
pub const ROUTE_CHAT: &str = "/routeguide.RouteGuide/RouteChat";

/// Unary: the quick start's greeting.
pub const SAY_HELLO: &str = "/helloworld.Greeter/SayHello";
/// Server streaming: several greetings over time.
pub const SAY_HELLO_STREAM_REPLY: &str = "/helloworld.Greeter/SayHelloStreamReply";
/// Bidirectional: one greeting per request.
pub const SAY_HELLO_BIDI_STREAM: &str = "/helloworld.Greeter/SayHelloBidiStream";

/// Unary: an answer to a greeting.
pub const SAY_HELLO_SERVICE: &str = "/hello.HelloService/SayHello";
/// Server streaming: several replies over time.
pub const LOTS_OF_REPLIES: &str = "/hello.HelloService/LotsOfReplies";
/// Client streaming: one reply to many greetings.
pub const LOTS_OF_GREETINGS: &str = "/hello.HelloService/LotsOfGreetings";
/// Bidirectional: greetings both ways.
pub const BIDI_HELLO: &str = "/hello.HelloService/BidiHello";
